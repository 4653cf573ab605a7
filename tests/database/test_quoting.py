"""Names and constants in SQL: the server reads back what was quoted."""

from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

import pytest

import triosigno_db as db
from triosigno_db.database.execution import run_sql
from triosigno_db.database.quoting import identifier, literal
from triosigno_db.testing import IsolatedDatabase

TEXTS = [
    "",
    "plain",
    "it's",
    "''",
    'a "name"',
    "back\\slash",
    "\\'",
    "E'x'",
    "%s %(x)s",
    "é 🤟",
    ";--",
]


class Level(StrEnum):
    EASY = "it's easy"


@pytest.mark.parametrize("text", [text for text in TEXTS if text])
def test_a_name_is_read_back(triosigno_db: IsolatedDatabase, text: str) -> None:
    with db.transaction():
        run_sql(
            f"CREATE TEMPORARY TABLE {identifier(text)} ({identifier(text)} int) ON COMMIT DROP"
        )
        ((table, column),) = run_sql(
            "SELECT relname, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid"
            " WHERE attnum > 0 AND relnamespace = pg_my_temp_schema() AND relkind = 'r'"
        )
    assert (table, column) == (text, text)


@pytest.mark.parametrize("value", [*TEXTS, Level.EASY])
def test_a_text_is_read_back(triosigno_db: IsolatedDatabase, value: str) -> None:
    assert run_sql(f"SELECT {literal(value)}::text") == [(value,)]


@pytest.mark.parametrize("value", [None, True, False, 0, -3, 2.5, Decimal("1.10")])
def test_another_constant_is_read_back(triosigno_db: IsolatedDatabase, value: object) -> None:
    assert run_sql(f"SELECT {literal(value)}") == [(value,)]


def test_a_timestamp_is_read_back(triosigno_db: IsolatedDatabase) -> None:
    noon = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert run_sql(f"SELECT {literal(noon)} = %(noon)s", noon=noon) == [(True,)]
