"""The schema as a whole: made from the models, compared with them, shown, removed."""

from contextlib import suppress

from triosigno_db.database.execution import run_sql
from triosigno_db.database.lifecycle import current_database
from triosigno_db.database.transactions import transaction
from triosigno_db.errors import SchemaMismatchError
from triosigno_db.models import MODELS
from triosigno_db.schema.catalog import Catalog, compare, read_catalog
from triosigno_db.schema.ddl import create_script, drop_script, enums, keys_script, quote
from triosigno_db.schema.diagram import draw_diagram
from triosigno_db.schema.prisma import write_prisma_schema
from triosigno_db.schema.prisma_migrate import PRISMA_LOCK

_TEMPORARY_SCHEMA = "pg_temp"
_LOCK = "SELECT pg_advisory_xact_lock(%(key)s)"
_SET_SEARCH_PATH = "SELECT set_config('search_path', %(path)s, true)"
_SCHEMA_EXISTS = "SELECT 1 FROM pg_namespace WHERE nspname = %(name)s"


def create_schema() -> None:
    """Create all tables in an empty schema, exactly as Prisma makes them.

    Where they are there already they are not changed, nor are other tables in the schema. The table
    of idempotency keys is made where it is missing and the role may create schemas in the database.
    It waits for a Prisma Migrate or another `create_schema()` that works on the same database.

    Raises:
        SchemaMismatchError: Some of the tables are there, but not all or not the same; the
            `differences` are listed, and nothing was changed.
        QueryTimeoutError: The lock that guards changes of the schema was not free in time.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    schema_name = current_database().settings.schema_name
    with transaction():
        run_sql(_LOCK, key=PRISMA_LOCK)
        found = _find(schema_name)
        if not found.tables and not found.enums:
            _create(schema_name)
            return
        differences = compare(_expected(), found)
        if not differences:
            run_sql(keys_script())
    if differences:
        raise SchemaMismatchError(
            "The schema is neither empty nor the library's; nothing was changed. "
            "A database that Prisma made is adopted by migrations: baseline, then deploy.",
            [str(difference) for difference in differences],
        )


def drop_schema() -> None:
    """Drop the tables and types that the library makes, with everything in them.

    What is missing already is passed over; other objects are left alone.

    Raises:
        SchemaMismatchError: A table or type of one of the names is not the library's; the
            `differences` are listed, and nothing was dropped.
        InUseError: Another object, such as a view, needs one of the tables; nothing was dropped.
        QueryTimeoutError: The lock that guards changes of the schema was not free in time.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    schema_name = current_database().settings.schema_name
    with transaction():
        run_sql(_LOCK, key=PRISMA_LOCK)
        found = _find(schema_name)
        if not found.tables and not found.enums:
            return
        differences = compare(_expected().only(found.tables, found.enums), found)
        if differences:
            raise SchemaMismatchError(
                "The schema holds tables that the library did not make; nothing was dropped.",
                [str(difference) for difference in differences],
            )
        _enter(schema_name)
        run_sql(drop_script(list(found.tables), list(found.enums)))


def to_prisma() -> str:
    """Write the models as a Prisma schema, for the Node side.

    Returns:
        The text of `schema.prisma`: the product's, with an `@@index` for each plain index.
    """
    return write_prisma_schema()


def to_sql() -> str:
    """Write the SQL that `create_schema()` runs.

    Returns:
        The script: enum types, tables, indexes, foreign keys and checks.
    """
    return create_script()


def to_svg() -> str:
    """Draw the models as an entity-relationship diagram.

    Returns:
        An SVG document.
    """
    return draw_diagram()


def _find(schema_name: str) -> Catalog:
    tables = {model._meta.table_name for model in MODELS}
    return read_catalog(quote(schema_name)).only(tables, {enum.__name__ for enum in enums()})


def _create(schema_name: str) -> None:
    if not run_sql(_SCHEMA_EXISTS, name=schema_name):
        run_sql(f"CREATE SCHEMA {quote(schema_name)}")
    _enter(schema_name)
    run_sql(create_script())


def _enter(schema_name: str) -> None:
    run_sql(_SET_SEARCH_PATH, path=quote(schema_name))


class _UndoError(Exception):
    """Leaves a savepoint so that it is rolled back."""


def _expected() -> Catalog:
    """Let the server itself print the models' schema: make it as temporary tables, then undo."""
    expected = Catalog({}, {})
    with suppress(_UndoError), transaction():
        run_sql(_SET_SEARCH_PATH, path=_TEMPORARY_SCHEMA)
        run_sql(create_script())
        expected = read_catalog(_TEMPORARY_SCHEMA)
        raise _UndoError
    return expected
