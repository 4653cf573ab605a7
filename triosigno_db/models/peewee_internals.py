"""All private attributes of Peewee that the library uses.

`PRIVATE_NAMES` lists them, and a test checks that each exists, so that the test fails with the name
if a release of Peewee removes one.
"""

import threading
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import peewee

PRIVATE_NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "module": ("_ConnectionLocal", "_savepoint", "_transaction"),
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
"""The names that this module uses, by their owner; `()` means an instance."""

ConnectionState: Any = peewee._ConnectionLocal
"""The state of each thread: its connection, its transactions and its commit callbacks."""

Savepoint: Any = peewee._savepoint
"""The context manager of a savepoint."""

Transaction: Any = peewee._transaction
"""The context manager of a transaction."""

_READ_FROM_DATABASE = "__no_default__"


class HookedDatabase(peewee.PostgresqlDatabase):
    """The database of Peewee, with public names for its private hooks.

    Args:
        database: The name of the database.
        state: The per-thread connection state.
    """

    def __init__(self, database: str, state: Any) -> None:
        super().__init__(database, autoconnect=False)
        self.reset_state(state)

    def reset_state(self, state: Any) -> None:
        """Reset the state of all threads in a forked child.

        Other threads of the parent may have held the locks, and they do not exist in the child.

        Args:
            state: The new per-thread connection state.
        """
        self._lock = threading.Lock()
        self._state = state

    def check_out(self) -> Any:
        """Return a connection for this thread."""
        raise NotImplementedError

    def check_in(self, connection: Any) -> None:
        """Check in the connection of a thread.

        Args:
            connection: A connection that `check_out` returned.
        """
        raise NotImplementedError

    def remove_values(self, error: Any) -> None:
        """Remove values of rows and statements from an error, before anyone sees it.

        Args:
            error: The error, changed in place.
        """
        raise NotImplementedError

    def send(self, sql: str, parameters: Any) -> Any:
        """Run a statement of a model on the connection of this thread.

        Args:
            sql: The statement.
            parameters: The values of its placeholders.

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
        del cursor_options  # used by other databases
        return self.send(sql, params)

    def _log_query(self, sql: str, params: Any) -> None:
        # Never log the values: they may be secret.
        del params
        super()._log_query(sql, ())  # type: ignore[misc]

    def _notify_hooks(self, sql: str, params: Any, start: float, exc: Any) -> None:
        del params
        if exc is not None:
            self.remove_values(exc)
        super()._notify_hooks(sql, (), start, exc)  # type: ignore[misc]


def is_read_from_database(values: Mapping[str, Any]) -> bool:
    """Return whether Peewee creates a model instance for a row that it has read.

    Args:
        values: The keyword arguments of the constructor of the model.

    Returns:
        `False` for an instance that the caller creates.
    """
    return bool(values.get(_READ_FROM_DATABASE))


def locks_rows(query: Any) -> bool:
    """Return whether a SELECT locks the rows that it reads.

    Args:
        query: The query.

    Returns:
        `True` for `SELECT ... FOR UPDATE` and similar clauses.
    """
    return bool(getattr(query, "_for_update", None))


def updated_values(query: Any) -> dict[Any, Any]:
    """Return the new values of an UPDATE.

    Args:
        query: The query.

    Returns:
        The values by field; changes to this dictionary change the query.
    """
    values: dict[Any, Any] = query._update
    return values


class IndexParts(NamedTuple):
    """The parts of an index of a model.

    Attributes:
        name: The name of the index.
        is_unique: Whether it is unique.
        parts: The fields and expressions, in order.
    """

    name: str
    is_unique: bool
    parts: tuple[Any, ...]


def index_parts(index: Any) -> IndexParts:
    """Return the parts of an index.

    Args:
        index: The index of Peewee.

    Returns:
        The parts.
    """
    return IndexParts(str(index._name), bool(index._unique), tuple(index._expressions))
