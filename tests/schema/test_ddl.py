"""The schema as SQL."""

import triosigno_db as db
from tests.plain_sql import count_rows
from triosigno_db.database.execution import run_sql
from triosigno_db.models import MODELS
from triosigno_db.schema import to_sql


def test_the_sql_makes_what_create_schema_makes(connected: str) -> None:
    run_sql(to_sql())
    db.create_schema()  # raises where what is there is not the same
    assert set(count_rows(connected)) == {model._meta.table_name for model in MODELS}
