"""Sessions: too many, too long, idle in a transaction, in each other's way."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from threading import Thread

import psycopg2
import pytest

import triosigno_db as db
from tests.doctor.checked_database import CheckedDatabase, run_doctor, wait_until
from triosigno_db.testing import ThrowawayPostgres

Session = psycopg2.extensions.connection


def test_an_idle_transaction(checked: CheckedDatabase, second_session: Session) -> None:
    second_session.cursor().execute('SELECT count(*) FROM "Sign"')
    assert run_doctor(checked.url).of("sessions", "warning") == []
    (line,) = run_doctor(checked.url, "--long-after", "0").one("sessions", "warning").details
    assert f"process {second_session.info.backend_pid} (somebody else) of postgres: idle in" in line
    second_session.rollback()
    assert run_doctor(checked.url, "--long-after", "0").of("sessions", "warning") == []


@pytest.fixture
def long_statement(checked: CheckedDatabase, second_session: Session) -> Iterator[None]:
    """A statement that runs until the test is over."""
    thread = Thread(target=run_until_ended, args=(second_session, "SELECT pg_sleep(600)"))
    thread.start()
    wait_until(checked.url, is_active(second_session))
    yield
    checked.run(f"SELECT pg_terminate_backend({second_session.info.backend_pid})")
    thread.join()


def run_until_ended(session: Session, statement: str) -> None:
    with closing(session.cursor()) as cursor, pytest.raises(psycopg2.Error):
        cursor.execute(statement)


def is_active(session: Session) -> str:
    return (
        "count(*) = 1 FROM pg_stat_activity "
        f"WHERE pid = {session.info.backend_pid} AND state = 'active'"
    )


def test_a_long_statement(
    checked: CheckedDatabase, second_session: Session, long_statement: None
) -> None:
    assert run_doctor(checked.url).of("sessions", "warning") == []
    run = run_doctor(checked.url, "--long-after", "0")
    (line,) = run.one("sessions", "warning").details
    assert f"process {second_session.info.backend_pid} (somebody else) of postgres: active" in line
    assert "pg_sleep" not in str(run.document)


def test_a_blocked_session(checked: CheckedDatabase, second_session: Session) -> None:
    second_session.cursor().execute('LOCK TABLE "Sign" IN SHARE MODE')
    with closing(psycopg2.connect(checked.url, application_name="a writer")) as third:
        pid = third.info.backend_pid
        thread = Thread(target=run_until_ended, args=(third, 'DELETE FROM "Sign"'))
        thread.start()
        wait_until(checked.url, f"count(*) = 1 FROM pg_locks WHERE pid = {pid} AND NOT granted")
        (line,) = run_doctor(checked.url).one("sessions", "warning").details
        holder = second_session.info.backend_pid
        assert f"process {pid} (a writer) waits for process {holder}" in line
        checked.run(f"SELECT pg_terminate_backend({pid})")
        thread.join()
    second_session.rollback()
    assert run_doctor(checked.url).of("sessions", "warning") == []


def test_what_others_do_is_hidden_and_said_so(
    checked: CheckedDatabase, service: CheckedDatabase, second_session: Session
) -> None:
    second_session.cursor().execute('SELECT count(*) FROM "Sign"')
    run = run_doctor(service.url, "--long-after", "0", "--no-validate")
    assert "hidden from this role" in run.one("sessions", "unknown").summary
    assert run.of("sessions", "warning") == []


def test_connections_that_run_out() -> None:
    settings = {"max_connections": "13"}
    with ThrowawayPostgres(in_memory=True, settings=settings) as small, ExitStack() as stack:
        db.connect(small.url)
        db.create_schema()
        db.disconnect()
        # Three are kept for superusers.
        for _ in range(7):
            stack.enter_context(closing(psycopg2.connect(small.url)))
        settled = "count(*) = 8 FROM pg_stat_activity WHERE backend_type = 'client backend'"
        wait_until(small.url, settled)
        run = run_doctor(small.url)
        assert run.one("sessions", "warning").summary == "8 of 10 connections are in use."
        stack.pop_all().close()
        wait_until(small.url, settled.replace("8", "1"))
        assert run_doctor(small.url).of("sessions", "ok")
