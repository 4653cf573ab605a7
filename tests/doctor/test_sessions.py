"""Sessions: too many, too long, idle in a transaction, in each other's way."""

from collections.abc import Iterator
from contextlib import ExitStack, closing
from threading import Thread

import psycopg2
import pytest

import triosigno_db as db
from tests.doctor.checked_database import Patient, look, wait_until
from triosigno_db.testing import ThrowawayPostgres

Session = psycopg2.extensions.connection


def test_an_idle_transaction(patient: Patient, second_session: Session) -> None:
    second_session.cursor().execute('SELECT count(*) FROM "Sign"')
    assert look(patient.url).of("sessions", "warning") == []
    (line,) = look(patient.url, "--long-after", "0").one("sessions", "warning").details
    assert f"process {second_session.info.backend_pid} (somebody else) of postgres: idle in" in line
    second_session.rollback()
    assert look(patient.url, "--long-after", "0").of("sessions", "warning") == []


@pytest.fixture
def long_statement(patient: Patient, second_session: Session) -> Iterator[None]:
    """A statement that runs until the test is over."""
    thread = Thread(target=run_until_ended, args=(second_session, "SELECT pg_sleep(600)"))
    thread.start()
    wait_until(patient.url, is_active(second_session))
    yield
    patient.run(f"SELECT pg_terminate_backend({second_session.info.backend_pid})")
    thread.join()


def run_until_ended(session: Session, statement: str) -> None:
    with closing(session.cursor()) as cursor, pytest.raises(psycopg2.Error):
        cursor.execute(statement)


def is_active(session: Session) -> str:
    return (
        "count(*) = 1 FROM pg_stat_activity "
        f"WHERE pid = {session.info.backend_pid} AND state = 'active'"
    )


def test_a_long_statement(patient: Patient, second_session: Session, long_statement: None) -> None:
    assert look(patient.url).of("sessions", "warning") == []
    seen = look(patient.url, "--long-after", "0")
    (line,) = seen.one("sessions", "warning").details
    assert f"process {second_session.info.backend_pid} (somebody else) of postgres: active" in line
    assert "pg_sleep" not in str(seen.document)


def test_a_blocked_session(patient: Patient, second_session: Session) -> None:
    second_session.cursor().execute('LOCK TABLE "Sign" IN SHARE MODE')
    with closing(psycopg2.connect(patient.url, application_name="a writer")) as third:
        pid = third.info.backend_pid
        thread = Thread(target=run_until_ended, args=(third, 'DELETE FROM "Sign"'))
        thread.start()
        wait_until(patient.url, f"count(*) = 1 FROM pg_locks WHERE pid = {pid} AND NOT granted")
        (line,) = look(patient.url).one("sessions", "warning").details
        holder = second_session.info.backend_pid
        assert f"process {pid} (a writer) waits for process {holder}" in line
        patient.run(f"SELECT pg_terminate_backend({pid})")
        thread.join()
    second_session.rollback()
    assert look(patient.url).of("sessions", "warning") == []


def test_what_others_do_is_hidden_and_said_so(
    patient: Patient, service: Patient, second_session: Session
) -> None:
    second_session.cursor().execute('SELECT count(*) FROM "Sign"')
    seen = look(service.url, "--long-after", "0", "--no-validate")
    assert "hidden from this role" in seen.one("sessions", "unknown").summary
    assert seen.of("sessions", "warning") == []


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
        seen = look(small.url)
        assert seen.one("sessions", "warning").summary == "8 of 10 connections are in use."
        stack.pop_all().close()
        wait_until(small.url, settled.replace("8", "1"))
        assert look(small.url).of("sessions", "ok")
