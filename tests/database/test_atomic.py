"""Transactions and savepoints that an exception from outside interrupts, and those that fail."""

from collections.abc import Iterator

import pytest

import triosigno_db as db
from tests.interrupting import InterruptionError, interrupted_at
from triosigno_db.database.atomic import CompleteSavepoint, CompleteTransaction
from triosigno_db.database.lifecycle import current_database
from triosigno_db.database.peewee_database import Database
from triosigno_db.models import SignCategory, database_proxy
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_category


class TimeLimitError(Exception):
    """An exception from outside that is an `Exception`, like Celery's."""


def names() -> list[str]:
    return [category.name for category in db.list_categories()]


@pytest.fixture
def statements(triosigno_db: IsolatedDatabase) -> Iterator[list[str]]:
    """The names of the statements that are sent."""
    sent: list[str] = []
    stop = db.on_statement(lambda event: sent.append(event.name))
    yield sent
    stop()


def test_nothing_is_rolled_back_after_the_commit(statements: list[str]) -> None:
    with (
        pytest.raises(TimeLimitError),
        interrupted_at(Database._run_commit_callbacks, TimeLimitError),
        db.transaction(),
    ):
        make_category(name="a")
    assert [name for name in statements if name.isupper()] == ["BEGIN", "COMMIT"]
    assert names() == ["a"]


@pytest.mark.usefixtures("triosigno_db")
@pytest.mark.parametrize("error", [InterruptionError, TimeLimitError])
@pytest.mark.parametrize("step", [CompleteTransaction.__exit__, Database.commit])
def test_a_transaction_that_was_not_committed_is_undone(
    step: object, error: type[BaseException]
) -> None:
    with pytest.raises(error), interrupted_at(step, error), db.transaction():
        make_category(name="a")
    assert not current_database().in_transaction()
    assert names() == []


@pytest.mark.usefixtures("triosigno_db")
def test_a_block_goes_on_with_another_connection() -> None:
    with db.connection():
        with pytest.raises(InterruptionError), interrupted_at(Database.commit), db.transaction():
            make_category(name="a")
        make_category(name="b")
    assert names() == ["b"]


@pytest.mark.usefixtures("triosigno_db")
@pytest.mark.parametrize("step", [CompleteSavepoint.__exit__, Database.execute_sql])
def test_a_savepoint_in_an_unknown_state_undoes_the_whole_transaction(step: object) -> None:
    with pytest.raises(db.DatabaseUnavailableError), db.transaction():
        make_category(name="a")
        with pytest.raises(InterruptionError), db.transaction():
            make_category(name="b")
            with interrupted_at(step), db.transaction():
                make_category(name="c")
    assert names() == []
    make_category(name="d")


@pytest.mark.usefixtures("triosigno_db")
def test_the_transactions_of_models_are_ended_as_well() -> None:
    with (
        pytest.raises(InterruptionError),
        interrupted_at(CompleteTransaction.__exit__),
        database_proxy.atomic(),
    ):
        SignCategory.create(name="a", description="-")
    SignCategory.create(name="b", description="-")
    assert names() == ["b"]
    assert db.pool_status().in_use == 0


@pytest.mark.usefixtures("triosigno_db")
def test_a_commit_that_fails_is_rolled_back() -> None:
    with pytest.raises(db.ConflictError), db.transaction():
        make_category(name="a")
        with pytest.raises(db.AlreadyExistsError):
            make_category(name="a")
    assert not current_database().in_transaction()
    assert names() == []


@pytest.mark.usefixtures("triosigno_db")
def test_a_savepoint_that_fails_is_rolled_back_alone() -> None:
    with db.transaction():
        make_category(name="a")
        with pytest.raises(db.AlreadyExistsError), db.transaction():
            make_category(name="a")
        make_category(name="b")
    assert names() == ["a", "b"]
