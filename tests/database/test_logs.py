"""The log: a handler that fails never makes a call fail, which may have written already."""

import logging
from collections.abc import Iterator

import pytest

import triosigno_db as db
from triosigno_db.database.logs import log, logger
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_user


class FailingHandler(logging.Handler):
    """A handler that raises, as one whose disk is full."""

    def emit(self, record: logging.LogRecord) -> None:
        raise OSError(28, "No space left on device")


@pytest.fixture
def failing() -> Iterator[None]:
    handler, level = FailingHandler(), logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.DEBUG)
    yield
    logger.removeHandler(handler)
    logger.setLevel(level)


@pytest.mark.usefixtures("failing")
def test_the_exception_of_a_handler_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    log(logging.WARNING, "a message of %d", 7)
    assert "No space left on device" in capsys.readouterr().err


@pytest.mark.usefixtures("failing")
def test_a_write_that_is_logged_as_slow_succeeds(triosigno_url: str) -> None:
    db.connect(triosigno_url, slow_statement=0.000001, password_cost=4)
    user = make_user()
    with db.transaction():
        db.set_role(user.id, db.UserRole.ADMIN)
    assert db.get_user(user.id).role is db.UserRole.ADMIN


@pytest.mark.usefixtures("failing")
def test_an_observer_and_its_log_may_both_fail(triosigno_db: IsolatedDatabase) -> None:
    def observe(event: db.StatementEvent) -> None:
        raise ZeroDivisionError

    stop = db.on_statement(observe)
    try:
        user = make_user()
    finally:
        stop()
    assert db.get_user(user.id).id == user.id
