"""Conversions: what is said not to fit does not, and what is said to change does."""

import pytest

import triosigno_db as db
from triosigno_db.database.execution import run_sql
from triosigno_db.errors import TrioSignoDBError
from triosigno_db.migrator.autogenerate.casts import convert, does_not_fit, is_changed
from triosigno_db.migrator.precheck import CREATE_INPUT_CHECK
from triosigno_db.schema.catalog import Column

VALUES = {
    "text": ("", "1", "007", " 7 ", "-5", "true", "Yes", "x", "1.5", "2147483648", "2026-01-31"),
    "integer": (0, 1, 7, -(2**31)),
    "bigint": (0, 1, 2**40),
    "smallint": (0, 1, 2**15 - 1),
    "boolean": (True, False),
    "numeric(8,2)": (0, 1, 1.5, 70000, 2),
    "double precision": (0, 1, 1.5, 1e15, 0.1),
    "character varying(3)": ("abc", "1", "t"),
    "timestamp(3) without time zone": ("2026-01-31 08:00:00.123", "2026-01-31"),
    "timestamp(3) with time zone": ("2026-01-31 08:00:00.123+02",),
    "date": ("2026-01-31",),
    "text[]": (["1", "2"], ["x"], []),
    "integer[]": ([1, 2],),
}


@pytest.mark.parametrize("old", VALUES)
def test_what_fits_and_what_changes_is_said_exactly(connected: str, old: str) -> None:
    with db.transaction():
        run_sql("SET LOCAL TIME ZONE 'Asia/Tokyo'")
        run_sql(CREATE_INPUT_CHECK)
        for new in VALUES.keys() - {old}:
            for value in VALUES[old]:
                check(value, old, Column("v", new, True, None))


def check(value: object, old: str, column: Column) -> None:
    fits, kept = _try(value, old, column)
    refusal = does_not_fit("v", old, column.type, None) or "false"
    refusal = refusal.replace("pg_input_is_valid", "pg_temp.pg_input_is_valid")
    assert _ask(value, old, refusal) is (not fits), (value, column.type, fits)
    if fits:
        changed = is_changed("v", old, column) or "false"
        assert _ask(value, old, changed) is (not kept), (value, column.type, kept)


def _ask(value: object, old: str, condition: str) -> bool:
    ((answer,),) = run_sql(f"SELECT {condition} FROM (SELECT CAST(%(v)s AS {old})) t (v)", v=value)
    return bool(answer)


def _try(value: object, old: str, column: Column) -> tuple[bool, bool]:
    """Convert a value by ALTER TABLE, there and back."""
    run_sql(f"CREATE TEMPORARY TABLE t (v {old}) ON COMMIT DROP")
    run_sql("INSERT INTO t VALUES (%(v)s)", v=value)
    before = run_sql("SELECT v::text FROM t")
    try:
        with db.transaction():
            _alter(old, column)
    except TrioSignoDBError:
        run_sql("DROP TABLE t")
        return False, False
    try:
        with db.transaction():
            _alter(column.type, column._replace(type=old))
        after = run_sql("SELECT v::text FROM t")
    except TrioSignoDBError:
        after = []
    run_sql("DROP TABLE t")
    return True, before == after


def _alter(old: str, column: Column) -> None:
    run_sql(f"ALTER TABLE t ALTER v TYPE {column.type} USING ({convert('v', old, column)})")
