"""What each role is for: the names, the tables, and the privileges that belong to it."""

from collections.abc import Iterable
from typing import NamedTuple

from triosigno_db.errors import InvalidInputError
from triosigno_db.models import MODELS
from triosigno_db.models.keys import KEYS_SCHEMA, KEYS_TABLE
from triosigno_db.settings import MAX_IDENTIFIER_BYTES

ROWS = ("SELECT", "INSERT", "UPDATE", "DELETE")
"""What an application does with rows; TRUNCATE, REFERENCES and TRIGGER are not among it."""

_RESERVED = ("public", "none")


class RoleNames(NamedTuple):
    """The names of the three roles.

    Attributes:
        owner: Owns the tables and migrates them.
        application: Reads and writes rows, as services do.
        reader: Reads rows, all but passwords.
    """

    owner: str = "triosigno_owner"
    application: str = "triosigno_app"
    reader: str = "triosigno_reader"


class Privilege(NamedTuple):
    """A right on one thing.

    Attributes:
        kind: `database`, `schema`, `table`, `column`, or another word of the catalogs.
        schema: The schema's name; empty for a database.
        name: The table's name; empty for a schema or a database.
        column: The column's name; empty for anything else.
        right: Such as `SELECT`.
    """

    kind: str
    schema: str
    name: str
    column: str
    right: str


def check_names(names: RoleNames) -> RoleNames:
    """Check the names of the roles.

    Args:
        names: The three names.

    Returns:
        The same.

    Raises:
        InvalidInputError: One can't be a role's name, or two are the same.
    """
    for field, name in names._asdict().items():
        check_identifier(field, name)
        if name.startswith("pg_") or name in _RESERVED:
            raise InvalidInputError(field, "must be another name: PostgreSQL keeps this one")
    if len(set(names)) < len(names):
        raise InvalidInputError("names", "must differ from each other")
    return names


def check_identifier(field: str, name: object) -> None:
    """Check a name that stands in SQL.

    Args:
        field: What it is the name of.
        name: The name.

    Raises:
        InvalidInputError: PostgreSQL would refuse it, or cut it off.
    """
    if not isinstance(name, str) or not name or "\0" in name:
        raise InvalidInputError(field, "must be a text, not empty and without NUL")
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
    return tuple(model._meta.table_name for model in MODELS)


def open_columns() -> dict[str, tuple[str, ...]]:
    """List the columns that the reader may read of tables with a secret in them.

    Returns:
        The columns by table.
    """
    return {
        model._meta.table_name: tuple(model._meta.readable_columns())
        for model in MODELS
        if model._meta.secret
    }


def purpose_of_owner(schema_name: str) -> frozenset[Privilege]:
    """List the privileges that migrations need, beside owning the tables.

    Args:
        schema_name: The schema of the tables.

    Returns:
        To make tables, schemas, extensions and, for comparisons, temporary tables.
    """
    return frozenset(
        (
            *_entrance(schema_name),
            Privilege("schema", schema_name, "", "", "CREATE"),
            Privilege("database", "", "", "", "CREATE"),
            Privilege("database", "", "", "", "TEMPORARY"),
        )
    )


def purpose_of_application(schema_name: str) -> frozenset[Privilege]:
    """List the privileges that services need.

    Args:
        schema_name: The schema of the tables.

    Returns:
        Rows of the models' tables, and of the one for idempotency keys.
    """
    tables = [
        *((schema_name, name) for name in table_names()),
        (KEYS_SCHEMA, KEYS_TABLE),
    ]
    return frozenset(
        (
            *_entrance(schema_name, KEYS_SCHEMA),
            *(Privilege("table", *table, "", right) for table in tables for right in ROWS),
        )
    )


def purpose_of_reader(schema_name: str) -> frozenset[Privilege]:
    """List the privileges that a reader needs.

    Args:
        schema_name: The schema of the tables.

    Returns:
        Rows of the models' tables, without the secrets in them.
    """
    return frozenset(
        (
            *_entrance(schema_name),
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


def _entrance(*schemas: str) -> Iterable[Privilege]:
    yield Privilege("database", "", "", "", "CONNECT")
    for schema in schemas:
        yield Privilege("schema", schema, "", "", "USAGE")
