"""Scripts run statement by statement."""

import pytest

import triosigno_db as db
from tests.conftest import WriteHistory
from tests.migrator.deployed import ONE, TWO, tables
from triosigno_db.errors import MigrationFailedError
from triosigno_db.migrator import Step, deploy
from triosigno_db.migrator.executor import run_script
from triosigno_db.migrator.session import open_session


def test_progress_is_told_statement_by_statement(
    connected: str, write_history: WriteHistory
) -> None:
    steps: list[Step] = []
    deploy(history=write_history(one="SELECT 1; SELECT 2;", two="SELECT 3;"), on_step=steps.append)
    assert steps == [(ONE, 1, 2), (ONE, 2, 2), (TWO, 1, 1)]


def test_a_percent_sign_is_only_a_percent_sign(connected: str, write_history: WriteHistory) -> None:
    write = "CREATE TABLE \"One\" (x text DEFAULT '%s %(x)s 100%');"
    deploy(history=write_history(one=write))
    assert tables() == {"One"}


def test_concurrent_indexes_need_the_first_line(
    connected: str, write_history: WriteHistory
) -> None:
    script = 'CREATE TABLE "One" (x int);CREATE INDEX CONCURRENTLY "i" ON "One"(x);'
    folder = write_history(one=script)
    with pytest.raises(MigrationFailedError, match="25001"):
        deploy(history=folder)
    assert tables() == set()
    write_history(one="-- triosigno-db: no-transaction\n" + script)
    deploy(history=folder)
    assert tables() == {"One"}


def test_a_failure_says_where_it_is_and_why(connected: str) -> None:
    script = "SELECT 1;\n\nSELECT\n  1 / 0;"
    with (
        open_session(db.Settings.load(connected)) as session,
        pytest.raises(MigrationFailedError) as caught,
    ):
        run_script(session, "a_script", script)
    assert (caught.value.name, caught.value.number, caught.value.line) == ("a_script", 2, 3)
    assert "division by zero (SQLSTATE 22012)" in str(caught.value)


def test_what_is_there_already_is_adopted_by_baseline(connected: str) -> None:
    with (
        open_session(db.Settings.load(connected)) as session,
        pytest.raises(MigrationFailedError, match="run migrate baseline first"),
    ):
        run_script(session, "a_script", "CREATE TABLE one ();\nCREATE TABLE one ();")
