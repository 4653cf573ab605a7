"""Create the schema from the models, or compare an existing schema with them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from triosigno_db.database.execution import run_sql
from triosigno_db.database.lifecycle import current_database
from triosigno_db.database.quoting import identifier
from triosigno_db.database.transactions import transaction
from triosigno_db.errors import SchemaMismatchError
from triosigno_db.models import MODELS, BaseModel, all_models, service_models
from triosigno_db.schema.catalog import CATALOGS, Catalog, compare, read_catalog, searching
from triosigno_db.schema.ddl import enums, to_sql
from triosigno_db.schema.own_objects import fold_script, keys_script
from triosigno_db.schema.owners import refuse_foreign_objects
from triosigno_db.schema.prisma_migrate import PRISMA_LOCK
from triosigno_db.schema.protection import refuse_in_tests

_TEMPORARY_SCHEMA = "pg_temp"
_LOCK = "SELECT pg_catalog.pg_advisory_xact_lock(%(key)s)"
_SET_SEARCH_PATH = "SELECT pg_catalog.set_config('search_path', %(path)s, true)"
_SCHEMA_EXISTS = "SELECT 1 FROM pg_namespace WHERE nspname = %(name)s"


def create_schema() -> None:
    """Create all tables in an empty schema, exactly as Prisma creates them.

    The tables of services' models that are defined are created too, also beside the library's.
    Existing tables are not changed, and neither are other tables in the schema. The function of
    searches and the table of idempotency keys are created if they are missing, in the schema
    `triosigno_db`; for this the role needs CREATE on the database, or on that schema. The call
    waits until a concurrent Prisma Migrate or `create_schema()` on the same database ends.

    Raises:
        SchemaMismatchError: Some of the tables exist, but not all, or they differ; `differences`
            lists the differences, and nothing was changed.
        PermissionDeniedError: The role lacks a privilege, or another role owns the schema
            `triosigno_db` or an object in it; the message says what to do, and nothing was changed.
        ProtectedDatabaseError: A test run would create tables in a database that was not made for
            tests.
        QueryTimeoutError: The lock for schema changes was not released in time.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    with locked_schema() as (schema_name, found):
        with searching(CATALOGS):
            refuse_foreign_objects(run_sql, schema_name)
        groups = [models for models in (MODELS, service_models()) if models]
        missing = [models for models in groups if _part(found, models).is_empty]
        present = [model for models in groups if models not in missing for model in models]
        # Without the indexes of searches, everything works.
        expected = _part(expected_catalog(), present) if present else found
        differences = compare(expected.without_trigrams(), found.without_trigrams())
        if missing and not differences:
            refuse_in_tests(run_sql, current_database().settings)
            _create(schema_name, [model for models in missing for model in models])
        elif not differences:
            run_sql(fold_script())
            run_sql(keys_script())
    if differences:
        raise SchemaMismatchError(
            "The schema is not empty and differs from that of the library; nothing was changed. "
            "For a database that Prisma created, run migrate baseline, then migrate deploy.",
            [str(difference) for difference in differences],
        )


@contextmanager
def locked_schema() -> Iterator[tuple[str, Catalog]]:
    """Run a transaction in which nobody else changes the schema.

    Yields:
        The schema's name, and its tables and enum types that have names of the models'.
    """
    schema_name = current_database().settings.schema_name
    with transaction():
        run_sql(_LOCK, key=PRISMA_LOCK)
        yield schema_name, _part(read_catalog(identifier(schema_name)), all_models())


def expected_catalog() -> Catalog:
    """Read the catalog that the server returns for a schema created from the models.

    The tables are created as temporary tables and rolled back.

    Returns:
        The tables and enum types.
    """
    expected = Catalog({}, {})
    with suppress(_UndoError), transaction():
        run_sql(_SET_SEARCH_PATH, path=_TEMPORARY_SCHEMA)
        run_sql(to_sql(all_models()))
        expected = read_catalog(_TEMPORARY_SCHEMA)
        raise _UndoError
    return expected


def enter_schema(schema_name: str) -> None:
    """Set the current schema until the transaction ends.

    Args:
        schema_name: The name of the schema.
    """
    run_sql(_SET_SEARCH_PATH, path=identifier(schema_name))


class _UndoError(Exception):
    """Leaves a savepoint so that it is rolled back."""


def _part(catalog: Catalog, models: Sequence[type[BaseModel]]) -> Catalog:
    tables = {model._meta.table_name for model in models}
    return catalog.only(tables, {each.__name__ for each in enums(models)})


def _create(schema_name: str, models: Sequence[type[BaseModel]]) -> None:
    if not run_sql(_SCHEMA_EXISTS, name=schema_name):
        run_sql(f"CREATE SCHEMA {identifier(schema_name)}")
    enter_schema(schema_name)
    run_sql(to_sql(models))
