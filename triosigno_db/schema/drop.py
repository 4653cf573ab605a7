"""Drop the schema of the models, and nothing else."""

from triosigno_db.arguments import check_bool
from triosigno_db.database.execution import run_sql
from triosigno_db.database.lifecycle import current_database
from triosigno_db.errors import SchemaMismatchError
from triosigno_db.schema.catalog import compare
from triosigno_db.schema.create import enter_schema, expected_catalog, locked_schema
from triosigno_db.schema.data_loss import refuse_rows
from triosigno_db.schema.ddl import drop_script
from triosigno_db.schema.protection import refuse_in_tests


def drop_schema(*, accept_data_loss: bool = False) -> None:
    """Drop the tables and types that the library creates, with those of services' models.

    Missing tables and types are skipped; other objects are not changed. The schema `triosigno_db`
    stays, because other schemas of the database use its function and its table.

    Args:
        accept_data_loss: Continue even if the tables hold rows.

    Raises:
        DataLossError: A table holds rows; the error counts them, and nothing was dropped.
        ProtectedDatabaseError: A test run would drop tables that were not made for tests.
        SchemaMismatchError: A table or type with one of the names was not created by the library;
            `differences` lists the differences, and nothing was dropped.
        InUseError: Another object, such as a view, needs one of the tables; nothing was dropped.
        QueryTimeoutError: The lock for schema changes was not released in time.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    with locked_schema() as (schema_name, found):
        if found.is_empty:
            return
        refuse_in_tests(run_sql, current_database().settings)
        expected = expected_catalog().only(found.tables, found.enums)
        differences = compare(expected.without_trigrams(), found.without_trigrams())
        if differences:
            raise SchemaMismatchError(
                "The schema contains tables that the library did not create; nothing was dropped.",
                [str(difference) for difference in differences],
            )
        enter_schema(schema_name)
        if not check_bool("accept_data_loss", accept_data_loss):
            refuse_rows(run_sql, found.tables)
        run_sql(drop_script(list(found.tables), list(found.enums)))
