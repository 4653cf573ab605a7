"""The driver's connections: what they make of the server's values."""

from datetime import UTC, datetime, timedelta

import pytest

from triosigno_db.database.execution import run_sql
from triosigno_db.testing import IsolatedDatabase

FIRST = datetime(2026, 1, 31, 8, tzinfo=UTC)


def test_thousands_of_moments_are_each_read_as_it_is(triosigno_db: IsolatedDatabase) -> None:
    count = 20_000
    expected = [(FIRST + timedelta(milliseconds=n),) for n in range(count)]
    for _ in range(2):
        read = run_sql(
            "SELECT timestamp '2026-01-31 08:00:00' + n * interval '1 ms'"
            f" FROM generate_series(0, {count - 1}) AS n"
        )
        assert read == expected
        assert all(moment.tzinfo is UTC for (moment,) in read)


def test_no_moment_is_none(triosigno_db: IsolatedDatabase) -> None:
    assert run_sql("SELECT NULL::timestamp") == [(None,)]


@pytest.mark.parametrize("moment", ["infinity", "0044-03-15 BC", "10000-01-01"])
def test_a_moment_that_python_does_not_have_stays_text(
    triosigno_db: IsolatedDatabase, moment: str
) -> None:
    [(read, stored)] = run_sql(f"SELECT '{moment}'::timestamp, '{moment}'::timestamp::text")
    assert read == stored
