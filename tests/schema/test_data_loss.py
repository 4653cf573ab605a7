"""Rows of tables that are to be dropped: counted under a lock, and refused."""

import pytest

import triosigno_db as db
from triosigno_db.database.execution import run_sql
from triosigno_db.schema.data_loss import refuse_rows
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_category

LOCKS = """
SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted
    AND relation = '"SignCategory"'::regclass
"""


def test_tables_without_rows_are_locked(triosigno_db: IsolatedDatabase) -> None:
    with db.transaction():
        refuse_rows(run_sql, ["SignCategory", "Module"])
        assert run_sql(LOCKS) == [(1,)]


def test_no_table_is_nothing_to_refuse(triosigno_db: IsolatedDatabase) -> None:
    refuse_rows(run_sql, [])


def test_rows_are_counted_by_table(triosigno_db: IsolatedDatabase) -> None:
    for _ in range(2):
        make_category()
    with (
        pytest.raises(db.DataLossError, match=r"lost: 2 rows of SignCategory\. "),
        db.transaction(),
    ):
        refuse_rows(run_sql, ["Module", "SignCategory"])
