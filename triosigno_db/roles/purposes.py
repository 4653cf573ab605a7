"""The roles' names and the privileges that each role needs."""

from collections.abc import Iterable
from typing import NamedTuple

from triosigno_db.errors import InvalidInputError
from triosigno_db.models import all_models
from triosigno_db.models.keys import KEYS_SCHEMA, KEYS_TABLE
from triosigno_db.models.search import FOLD_NAME
from triosigno_db.settings import MAX_IDENTIFIER_BYTES

ROWS = ("SELECT", "INSERT", "UPDATE", "DELETE")
"""The application's privileges on tables, without TRUNCATE, REFERENCES and TRIGGER."""

LARGE_OBJECTS = ("lo_creat", "lo_create", "lo_from_bytea")
"""The server's functions with which PUBLIC may write outside of any table."""

ADVISORY_LOCKS = tuple(
    f"pg_{attempt}advisory_{scope}lock{mode}"
    for attempt in ("", "try_")
    for scope in ("", "xact_")
    for mode in ("", "_shared")
)
"""The server's functions with which PUBLIC may hold the migration lock, so that nobody deploys."""

_RESERVED = ("public", "none")


class RoleNames(NamedTuple):
    """The names of the three roles.

    Attributes:
        owner: Owns and migrates the tables.
        application: Reads and writes rows, as services do.
        reader: Reads rows, except passwords.
    """

    owner: str = "triosigno_owner"
    application: str = "triosigno_app"
    reader: str = "triosigno_reader"


class Privilege(NamedTuple):
    """A privilege on one object.

    Attributes:
        kind: `database`, `schema`, `table`, `column`, `function`, or another kind in the catalogs.
        schema: The schema's name; empty for a database.
        name: The name of the table or the function; empty for a schema or a database.
        column: The column's name; empty for anything else.
        right: The privilege, such as `SELECT`.
    """

    kind: str
    schema: str
    name: str
    column: str
    right: str


_SEARCH = Privilege("function", KEYS_SCHEMA, FOLD_NAME, "", "EXECUTE")
"""The privilege to search."""


_LOCKS = tuple(Privilege("function", "pg_catalog", name, "", "EXECUTE") for name in ADVISORY_LOCKS)
"""The privileges to take advisory locks: for migrations, and for what services do at once."""


def check_names(names: RoleNames) -> RoleNames:
    """Check the names of the roles.

    Args:
        names: The three names.

    Returns:
        The same names.

    Raises:
        InvalidInputError: A name is invalid, or two roles have the same name.
    """
    for field, name in names._asdict().items():
        check_identifier(field, name)
        if name.startswith("pg_") or name in _RESERVED:
            raise InvalidInputError(field, "must be another name: PostgreSQL reserves this one")
    if len(set(names)) < len(names):
        raise InvalidInputError("names", "must be different from each other")
    return names


def check_identifier(field: str, name: object) -> None:
    """Check a name that is used in SQL.

    Args:
        field: The argument's name.
        name: The name.

    Raises:
        InvalidInputError: PostgreSQL would reject the name or truncate it.
    """
    if not isinstance(name, str) or not name or "\0" in name:
        raise InvalidInputError(field, "must be a non-empty string without NUL")
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise InvalidInputError(field, "must be Unicode text") from None
    if size > MAX_IDENTIFIER_BYTES:
        raise InvalidInputError(field, f"must have at most {MAX_IDENTIFIER_BYTES} bytes")


def table_names() -> tuple[str, ...]:
    """List the models' tables.

    Returns:
        Their names, in the order of the models.
    """
    return tuple(model._meta.table_name for model in all_models())


def open_columns() -> dict[str, tuple[str, ...]]:
    """List the readable columns of the tables that have secret columns.

    Returns:
        The columns of each table.
    """
    return {
        model._meta.table_name: tuple(model._meta.readable_columns())
        for model in all_models()
        if model._meta.secret
    }


def purpose_of_owner(schema_name: str) -> frozenset[Privilege]:
    """List the privileges that migrations need in addition to ownership of the tables.

    Args:
        schema_name: The schema of the tables.

    Returns:
        The privileges to create tables, schemas, extensions and, for comparisons, temporary tables,
        and to take the migration lock.
    """
    return frozenset(
        (
            *_access(schema_name),
            Privilege("schema", schema_name, "", "", "CREATE"),
            Privilege("database", "", "", "", "CREATE"),
            Privilege("database", "", "", "", "TEMPORARY"),
            *_LOCKS,
        )
    )


def purpose_of_application(schema_name: str) -> frozenset[Privilege]:
    """List the privileges that services need.

    Args:
        schema_name: The schema of the tables.

    Returns:
        The privileges on the rows of the models' tables and of the table for idempotency keys, to
        search, and to take advisory locks.
    """
    tables = [
        *((schema_name, name) for name in table_names()),
        (KEYS_SCHEMA, KEYS_TABLE),
    ]
    return frozenset(
        (
            *_access(schema_name, KEYS_SCHEMA),
            _SEARCH,
            *_LOCKS,
            *(Privilege("table", *table, "", right) for table in tables for right in ROWS),
        )
    )


def purpose_of_reader(schema_name: str) -> frozenset[Privilege]:
    """List the privileges that a reader needs.

    Args:
        schema_name: The schema of the tables.

    Returns:
        The privileges to read and search the rows of the models' tables, without secret columns.
    """
    return frozenset(
        (
            *_access(schema_name, KEYS_SCHEMA),
            _SEARCH,
            *(
                Privilege("table", schema_name, table, "", "SELECT")
                for table in table_names()
                if table not in open_columns()
            ),
            *(
                Privilege("column", schema_name, table, column, "SELECT")
                for table, columns in open_columns().items()
                for column in columns
            ),
        )
    )


def _access(*schemas: str) -> Iterable[Privilege]:
    yield Privilege("database", "", "", "", "CONNECT")
    for schema in schemas:
        yield Privilege("schema", schema, "", "", "USAGE")
