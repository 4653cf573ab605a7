"""Observers: what is told of each statement, and what is logged of slow ones."""

import logging
from collections.abc import Iterator
from urllib.parse import urlsplit

import peewee
import psycopg2
import pytest

import triosigno_db as db
from tests.plain_sql import end_sessions
from triosigno_db.database.execution import run_sql
from triosigno_db.models import SignCategory
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_category, make_sign, make_user

SECRET = "a-value-that-no-observer-sees"


@pytest.fixture
def events(triosigno_db: IsolatedDatabase) -> Iterator[list[db.StatementEvent]]:
    """What was told of the statements since the test began."""
    told: list[db.StatementEvent] = []
    stop = db.on_statement(told.append)
    yield told
    stop()


def names(events: list[db.StatementEvent]) -> list[str]:
    return [event.name for event in events]


def test_a_statement_is_told_with_its_rows_and_its_place(
    triosigno_db: IsolatedDatabase, events: list[db.StatementEvent]
) -> None:
    user = make_user()
    events.clear()
    db.get_user(user.id)
    db.list_users()
    one, page = events
    assert (one.name, one.rows, one.error) == ("select_row_User", 1, None)
    assert (page.name, page.rows) == ("select_users", 1)
    assert 0 < one.duration < 5
    address = urlsplit(triosigno_db.url)
    assert (one.host, one.port) == (address.hostname, address.port)
    assert one.database == address.path.removeprefix("/")


def test_what_fails_is_told_by_its_code_and_without_values(
    events: list[db.StatementEvent],
) -> None:
    db.create_category(db.NewCategory(name=SECRET, description=SECRET))
    with pytest.raises(db.AlreadyExistsError):
        db.create_category(db.NewCategory(name=SECRET, description=SECRET))
    failed = events[-1]
    assert isinstance(failed.error, psycopg2.Error)
    assert (failed.error.pgcode, failed.rows) == ("23505", 0)
    assert SECRET not in repr(events) + str(failed.error)


def test_transactions_and_models_are_told_too(events: list[db.StatementEvent]) -> None:
    with db.transaction():
        make_category()
        with db.transaction():
            SignCategory.select().where(SignCategory.name == SECRET).count()
    with pytest.raises(ZeroDivisionError), db.transaction(), db.transaction():
        1 / 0  # noqa: B018
    kept, undone = names(events)[:6], names(events)[6:]
    assert kept[:3] == ["BEGIN", "insert_row_SignCategory", "SAVEPOINT"]
    assert kept[3].startswith("SELECT COUNT(1)")
    assert kept[4:] == ["RELEASE SAVEPOINT", "COMMIT"]
    assert undone == ["BEGIN", "SAVEPOINT", "ROLLBACK TO SAVEPOINT", "ROLLBACK"]
    assert SECRET not in repr(events)


def test_who_has_stopped_is_told_nothing(triosigno_db: IsolatedDatabase) -> None:
    told: list[db.StatementEvent] = []
    first, second = db.on_statement(told.append), db.on_statement(told.append)
    make_category()
    first()
    first()
    make_category()
    second()
    make_category()
    assert len(told) == 3


def test_what_is_no_function_is_refused() -> None:
    with pytest.raises(db.InvalidInputError, match="callback"):
        db.on_statement("print")  # type: ignore[arg-type]


def test_an_observer_that_fails_harms_nobody(
    events: list[db.StatementEvent], caplog: pytest.LogCaptureFixture
) -> None:
    def fail(event: db.StatementEvent) -> None:
        raise ValueError(event.name)

    stop = db.on_statement(fail)
    with db.transaction():
        category = make_category()
    stop()
    assert db.get_category(category.id) == category
    assert "an observer of statements failed" in caplog.text
    assert "insert_row_SignCategory" in names(events)


def test_slow_statements_are_logged_by_name(
    triosigno_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    db.connect(triosigno_url, slow_statement=0.000_001)
    caplog.clear()
    with caplog.at_level(logging.WARNING, logger="triosigno_db"):
        db.find_user_by_email(f"{SECRET}@example.org")
        with db.transaction():
            pass
    told = [record.getMessage().split(" took ")[0] for record in caplog.records]
    assert told == [
        "slow statement: select_user_by_email",
        "slow statement: BEGIN",
        "slow statement: COMMIT",
    ]
    assert SECRET not in caplog.text


@pytest.mark.parametrize("limit", [0, 5])
def test_quick_statements_are_not(
    triosigno_url: str, limit: float, caplog: pytest.LogCaptureFixture
) -> None:
    db.connect(triosigno_url, slow_statement=limit)
    with caplog.at_level(logging.WARNING, logger="triosigno_db"):
        run_sql("SELECT 1")
    assert caplog.records == []


def test_a_statement_that_is_sent_again_is_told_each_time(
    events: list[db.StatementEvent], caplog: pytest.LogCaptureFixture
) -> None:
    sign = make_sign()
    db.get_sign(sign.id)
    run_sql('ALTER TABLE "Sign" ALTER COLUMN "imageUrl" TYPE varchar(99)')
    events.clear()
    assert db.get_sign(sign.id) == sign
    assert names(events) == ["select_row_Sign"] * 2
    assert [event.error is None for event in events] == [False, True]
    assert "retrying select_row_Sign after FeatureNotSupported" in caplog.text


def test_a_connection_that_is_replaced_is_logged(
    triosigno_db: IsolatedDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    end_sessions(triosigno_db.url, "datname = current_database()")
    with caplog.at_level(logging.INFO, logger="triosigno_db"):
        make_category()
    assert "replacing a lost connection" in caplog.text


def test_the_statements_of_a_transaction_have_no_rows(events: list[db.StatementEvent]) -> None:
    with db.transaction(), db.transaction():
        pass
    assert {event.name: event.rows for event in events} == {
        "BEGIN": 0,
        "SAVEPOINT": 0,
        "RELEASE SAVEPOINT": 0,
        "COMMIT": 0,
    }


def test_a_statement_of_a_model_that_fails_is_told(events: list[db.StatementEvent]) -> None:
    make_category(name="a")
    events.clear()
    with pytest.raises(peewee.IntegrityError):
        SignCategory.create(name="a", description="")
    (failed,) = events
    assert isinstance(failed.error, psycopg2.Error)
    assert failed.error.pgcode == "23505"
