"""Everything of Peewee that the library uses beyond its documented interface, in this one place.

`PRIVATE_NAMES` lists it, and a test looks for each name, so that a release of Peewee that lacks
one fails there and says which.
"""

import threading
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import peewee

PRIVATE_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "module": ("_ConnectionLocal", "_savepoint"),
        "_ConnectionLocal()": (
            *("closed", "conn", "ctx", "transactions", "commit_callbacks"),
            *("reset", "set_connection"),
        ),
        "PostgresqlDatabase": (
            *("_connect", "_close", "_execute_cursor", "_log_query", "_notify_hooks"),
            "_set_server_version",
        ),
        "PostgresqlDatabase()": ("_state", "_lock", "query_hooks"),
        "Index()": ("_expressions", "_name", "_unique"),
        "Select()": ("_for_update",),
        "Update()": ("_update",),
    }
)
"""The names that this module touches, by what they are attributes of; `()` means an instance."""

ConnectionState: Any = peewee._ConnectionLocal
"""The state of each thread: its connection, its transactions, and what runs after the commit."""

Savepoint: Any = peewee._savepoint
"""The context manager of a savepoint."""

_READ_FROM_DATABASE = "__no_default__"


class HookedDatabase(peewee.PostgresqlDatabase):
    """Peewee's database with the hooks that it calls in private under names of their own.

    Args:
        database: The database's name.
        state: What holds the state of each thread.
    """

    def __init__(self, database: str, state: Any) -> None:
        super().__init__(database, autoconnect=False)
        self.reset_state(state)

    def reset_state(self, state: Any) -> None:
        """Forget all threads, as a forked child must: locks may be held by threads it lacks.

        Args:
            state: What holds the state of each thread from now on.
        """
        self._lock = threading.Lock()
        self._state = state

    def check_out(self) -> Any:
        """Give a connection for this thread."""
        raise NotImplementedError

    def check_in(self, connection: Any) -> None:
        """Take a thread's connection back.

        Args:
            connection: What `check_out` gave.
        """
        raise NotImplementedError

    def send(self, sql: str, parameters: Any) -> Any:
        """Run a model's statement on this thread's connection.

        Args:
            sql: The statement.
            parameters: Its values.

        Returns:
            The driver's cursor.
        """
        return super()._execute_cursor(sql, parameters)  # type: ignore[misc]

    def _connect(self) -> Any:
        return self.check_out()

    def _close(self, conn: Any) -> None:
        self.check_in(conn)

    def _set_server_version(self, conn: Any) -> None:
        self.server_version = conn.server_version

    def _execute_cursor(self, sql: str, params: Any, **cursor_options: Any) -> Any:
        del cursor_options  # of other databases
        return self.send(sql, params)

    def _log_query(self, sql: str, params: Any) -> None:
        # Never the values: they may be secret.
        del params
        super()._log_query(sql, ())  # type: ignore[misc]

    def _notify_hooks(self, sql: str, params: Any, start: float, exc: Any) -> None:
        del params
        super()._notify_hooks(sql, (), start, exc)  # type: ignore[misc]


def is_read_from_database(values: Mapping[str, Any]) -> bool:
    """Tell whether Peewee makes an instance of a row that it has read.

    Args:
        values: The keyword arguments of the model's constructor.

    Returns:
        `False` for an instance that the caller makes.
    """
    return bool(values.get(_READ_FROM_DATABASE))


def locks_rows(query: Any) -> bool:
    """Tell whether a SELECT locks the rows that it reads.

    Args:
        query: The query.

    Returns:
        `True` for `SELECT ... FOR UPDATE` and its kind.
    """
    return bool(getattr(query, "_for_update", None))


def updated_values(query: Any) -> dict[Any, Any]:
    """Give the new values of an UPDATE, which may be changed.

    Args:
        query: The query.

    Returns:
        The values by field.
    """
    values: dict[Any, Any] = query._update
    return values


class IndexParts(NamedTuple):
    """An index of a model, taken apart.

    Attributes:
        name: Its name.
        is_unique: Whether it is unique.
        parts: Its fields and expressions, in order.
    """

    name: str
    is_unique: bool
    parts: tuple[Any, ...]


def index_parts(index: Any) -> IndexParts:
    """Take an index apart.

    Args:
        index: Peewee's index.

    Returns:
        What it is made of.
    """
    return IndexParts(str(index._name), bool(index._unique), tuple(index._expressions))
