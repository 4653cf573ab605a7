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
        "module": ("_ConnectionLocal", "_WriteQuery", "_savepoint", "_transaction"),
        "_ConnectionLocal()": (
            *("closed", "conn", "ctx", "transactions", "commit_callbacks"),
            *("reset", "set_connection"),
        ),
        "PostgresqlDatabase": (
            *("_connect", "_close", "_execute_cursor", "_log_query", "_notify_hooks"),
            "_set_server_version",
        ),
        "PostgresqlDatabase()": ("_state", "_lock", "query_hooks"),
        "ArrayField()": ("_ArrayField__field",),
        "Index()": ("_expressions", "_name", "_nulls_distinct", "_unique", "_using", "_where"),
        "ManyToManyField()": ("_is_backref",),
        "ModelIndex()": ("_generate_name_from_fields",),
        "Select()": ("_for_update",),
        "Update()": ("_returning", "_update"),
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


def count_returned_columns(query: Any) -> int | None:
    """Count the columns of the rows that a query of Peewee returns.

    Args:
        query: The query.

    Returns:
        The number, or `None` for a query that is written in SQL.
    """
    is_built = isinstance(query, peewee._WriteQuery | peewee.Select)
    returned: Any = query
    return len(returned._returning or ()) if is_built else None


class IndexParts(NamedTuple):
    """The parts of an index of a model.

    Attributes:
        name: The name of the index.
        is_unique: Whether it is unique.
        parts: The fields, expressions and SQL texts, in order.
        using: The access method, or `None` for that of the server.
        where: The condition of a partial index, or `None`.
        nulls_distinct: Whether nulls differ from each other in a unique index; `None` means yes.
    """

    name: str
    is_unique: bool
    parts: tuple[Any, ...]
    using: str | None = None
    where: Any = None
    nulls_distinct: bool | None = None


def index_parts(index: Any) -> IndexParts:
    """Return the parts of an index.

    Args:
        index: The index of Peewee.

    Returns:
        The parts.
    """
    return IndexParts(
        str(index._name),
        bool(index._unique),
        tuple(index._expressions),
        index._using,
        index._where,
        index._nulls_distinct,
    )


def has_generated_name(index: Any) -> bool:
    """Return whether Peewee has named an index.

    Args:
        index: The index of Peewee.

    Returns:
        `False` if the model gives the name.
    """
    if not isinstance(index, peewee.ModelIndex):
        return False
    fields: Any = index
    try:
        generated = fields._generate_name_from_fields(fields._model, fields._expressions)
    except ValueError:  # an expression without a field, for which Peewee asks for a name
        return False
    return bool(fields._name == generated)


def rename_index(index: Any, name: str) -> Any:
    """Give another name to an index.

    Args:
        index: The index of Peewee; it is not changed.
        name: The name.

    Returns:
        A copy with this name.
    """
    renamed = index.clone()
    renamed._name = name
    return renamed


def element_field(field: Any) -> Any:
    """Return the field of the elements of an array.

    Args:
        field: A field.

    Returns:
        The field of the elements, or the given field if it is not an `ArrayField`.
    """
    return getattr(field, "_ArrayField__field", field)


def is_backref(field: Any) -> bool:
    """Return whether a many-to-many field is the one that Peewee adds to the other model.

    Args:
        field: The `ManyToManyField`.

    Returns:
        `False` for the declared one.
    """
    return bool(field._is_backref)


_DIALECT = peewee.PostgresqlDatabase(None)
_TYPES = {
    **_DIALECT.get_context_options()["field_types"],
    "DECIMAL": "DECIMAL",  # as Prisma writes it
}


def render(node: Any) -> tuple[str, list[Any]]:
    """Write a node as Peewee writes it in the definition of a table or an index.

    Args:
        node: A node of Peewee, such as `SQL`, a condition or a function.

    Returns:
        The SQL, with `%s` for each value, and the values.
    """
    sql, values = _context().sql(node).query()
    return str(sql), list(values)


def column_type(field: Any) -> str:
    """Write the type of a column.

    Args:
        field: The field.

    Returns:
        The SQL type; an empty string if the field has none.
    """
    node = field.ddl_datatype(_context())
    return render(node)[0] if node else ""


def _context() -> Any:
    return _DIALECT.get_sql_context(scope=peewee.SCOPE_VALUES, subquery=True, field_types=_TYPES)
