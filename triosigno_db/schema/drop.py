"""Drop the schema that the models make, and nothing else."""

from triosigno_db.database.execution import run_sql
from triosigno_db.errors import SchemaMismatchError
from triosigno_db.schema.catalog import compare
from triosigno_db.schema.create import enter_schema, expected_catalog, locked_schema
from triosigno_db.schema.ddl import drop_script


def drop_schema() -> None:
    """Drop the tables and types that the library makes, with everything in them.

    What is missing already is skipped; other objects are left alone.

    Raises:
        SchemaMismatchError: A table or type of one of the names is not the library's; the
            `differences` are listed, and nothing was dropped.
        InUseError: Another object, such as a view, needs one of the tables; nothing was dropped.
        QueryTimeoutError: The lock that guards changes of the schema was not free in time.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    with locked_schema() as (schema_name, found):
        if found.is_empty:
            return
        differences = compare(expected_catalog().only(found.tables, found.enums), found)
        if differences:
            raise SchemaMismatchError(
                "The schema holds tables that the library did not make; nothing was dropped.",
                [str(difference) for difference in differences],
            )
        enter_schema(schema_name)
        run_sql(drop_script(list(found.tables), list(found.enums)))
