"""Statements run: their rows, and their failures as the library's errors."""

from typing import Any

import peewee
import psycopg2
import pytest

import triosigno_db as db
from triosigno_db.database.execution import fetch_all, fetch_one, run_sql, translated
from triosigno_db.database.read_only import read_only
from triosigno_db.database.statements import NOW, Parameter, compose, statement
from triosigno_db.models import SignCategory
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_category


@statement(reads_only=True)
def select_numbers() -> Any:
    """The numbers up to a limit."""
    return compose("SELECT * FROM generate_series(1, {last})", last=Parameter("last"))


@statement(reads_only=True)
def select_length() -> Any:
    """The length of a text."""
    return compose("SELECT length({text})", text=Parameter("text"))


@statement(reads_only=False)
def update_names() -> Any:
    """One name for all categories."""
    return SignCategory.update(name=Parameter("name"), updated_at=NOW)


def test_all_rows_or_the_first_are_given(triosigno_db: IsolatedDatabase) -> None:
    assert fetch_all(select_numbers(), last=3) == [(1,), (2,), (3,)]
    assert fetch_one(select_numbers(), last=3) == (1,)
    assert fetch_all(select_numbers(), last=0) == []
    assert fetch_one(select_numbers(), last=0) is None


def test_a_failure_knows_the_value_that_was_given(triosigno_db: IsolatedDatabase) -> None:
    make_category()
    make_category()
    with pytest.raises(db.AlreadyExistsError) as caught:
        fetch_all(update_names(), name="Politesse")
    assert (caught.value.field, caught.value.value) == ("name", "Politesse")
    assert isinstance(caught.value.__cause__, psycopg2.errors.UniqueViolation)


@pytest.mark.parametrize("text", ["a\0b", "\ud800"])
def test_a_text_that_can_not_be_sent_is_named_and_shown_nowhere(
    triosigno_db: IsolatedDatabase, text: str
) -> None:
    with pytest.raises(db.InvalidInputError) as caught:
        fetch_all(select_length(), text=text)
    assert caught.value.field == "text"
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


def test_a_write_is_refused_where_there_are_only_reads(triosigno_db: IsolatedDatabase) -> None:
    category = make_category()
    with read_only(), pytest.raises(db.ReadOnlyError, match="update_names"):
        fetch_all(update_names(), name="changed")
    assert db.get_category(category.id) == category


def test_text_may_be_several_statements(triosigno_db: IsolatedDatabase) -> None:
    assert run_sql("SELECT 1; SELECT 2 UNION SELECT 3 ORDER BY 1") == [(2,), (3,)]
    assert run_sql("CREATE TABLE one (a int)") == []
    assert run_sql("SELECT '100 %%', %(a)s", a="b") == [("100 %", "b")]
    assert run_sql("SELECT '100 %'") == [("100 %",)]


@pytest.mark.parametrize(
    ("failure", "expected"),
    [
        (psycopg2.OperationalError("gone"), db.DatabaseUnavailableError),
        (peewee.OperationalError("gone"), db.TrioSignoDBError),
        (peewee.DatabaseError("closed"), db.TrioSignoDBError),
    ],
)
def test_failures_that_leave_a_block_are_translated(
    failure: Exception, expected: type[db.TrioSignoDBError]
) -> None:
    with pytest.raises(db.TrioSignoDBError) as caught, translated():
        raise failure
    assert type(caught.value) is expected
    assert caught.value.__cause__ is failure


def test_peewee_s_error_is_translated_by_the_driver_s(triosigno_db: IsolatedDatabase) -> None:
    make_category(name="taken")
    with pytest.raises(db.AlreadyExistsError) as caught, translated():
        SignCategory.create(name="taken", description="")
    assert caught.value.field == "name"


def test_other_exceptions_leave_a_block_as_they_are() -> None:
    with pytest.raises(KeyError), translated():
        raise KeyError
