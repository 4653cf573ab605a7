"""The history: pending, failed, altered, unknown, absent; and its lock."""

import shutil
from pathlib import Path

import psycopg2
import pytest

import triosigno_db as db
from tests.doctor.checked_database import CheckedDatabase, run_doctor
from triosigno_db.migrator import baseline, deploy, read_history, rollback, shipped_history
from triosigno_db.schema.prisma_migrate import PRISMA_LOCK

NAMES = [each.name for each in read_history(shipped_history())]


@pytest.fixture
def history(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    shutil.copytree(shipped_history(), folder)
    return folder


def test_a_pending_migration(checked: CheckedDatabase) -> None:
    db.connect(checked.url)
    rollback(to=NAMES[1])
    run = run_doctor(checked.url)
    finding = run.one("history", "warning")
    assert finding.details == tuple(NAMES[2:])
    assert finding.advice == "Run triosigno-db migrate deploy."
    # What is pending is no drift.
    assert run.of("drift", "ok")
    assert run.exit_code == 0


def test_a_failed_migration(checked: CheckedDatabase, history: Path) -> None:
    folder = history / "20270101000000_broken"
    folder.mkdir()
    (folder / "migration.sql").write_text("-- triosigno-db: no-transaction\nSELECT 1 / 0;")
    db.connect(checked.url)
    with pytest.raises(db.MigrationFailedError):
        deploy(history=history)
    run = run_doctor(checked.url, "--migrations", str(history))
    (line,) = run.one("history", "error").details
    assert line.startswith("20270101000000_broken: ")
    assert "division by zero" in line
    assert "migrate resolve" in run.one("history", "error").advice
    assert run.exit_code == 1


def test_an_altered_file(checked: CheckedDatabase, history: Path) -> None:
    with (history / NAMES[1] / "migration.sql").open("a") as script:
        script.write("-- one more thought\n")
    run = run_doctor(checked.url, "--migrations", str(history))
    assert run.one("history", "error").details == (NAMES[1],)
    assert run.exit_code == 1


def test_a_migration_of_others_is_shown(checked: CheckedDatabase) -> None:
    checked.run(
        'INSERT INTO "_prisma_migrations" (id, checksum, finished_at, migration_name) '
        "VALUES ('1', 'x', now(), '20270101000000_by_node')"
    )
    run = run_doctor(checked.url, "--strict")
    ours, others = (each for each in run.findings if each.subject == "history")
    assert (ours.level, others.level) == ("ok", "ok")
    assert others.details == ("20270101000000_by_node",)


def test_a_history_that_is_broken_on_disk(checked: CheckedDatabase, history: Path) -> None:
    (history / "migration_lock.toml").write_text('provider = "mysql"\n')
    run = run_doctor(checked.url, "--migrations", str(history))
    assert "mysql" in run.one("history", "error").summary
    assert run.of("indexes", "ok")


def test_what_is_provided_is_as_expected(checked: CheckedDatabase) -> None:
    checked.run(
        "UPDATE \"_prisma_migrations\" SET migration_name = '20250101000000_start', checksum = 'x'"
        f" WHERE migration_name = '{NAMES[0]}'"
    )
    assert baseline(checked.url) == (NAMES[0],)
    run = run_doctor(checked.url)
    _, others = run.of("history", "ok")
    assert others.details == ("20250101000000_start",)
    assert run.of("drift", "ok")
    checked.run("DELETE FROM \"_prisma_migrations\" WHERE checksum = 'x'")
    run = run_doctor(checked.url)
    assert len(run.of("history", "ok")) == 1
    assert run.of("drift", "ok")


def test_tables_without_a_history(connected: str) -> None:
    db.create_schema()
    run = run_doctor(connected)
    assert "baseline" in run.one("history", "warning").advice
    assert "match the models" in run.one("drift", "ok").summary


def test_who_holds_the_lock_and_who_waits(
    checked: CheckedDatabase, second_session: psycopg2.extensions.connection
) -> None:
    second_session.cursor().execute(f"SELECT pg_advisory_xact_lock({PRISMA_LOCK})")
    (line,) = run_doctor(checked.url).one("history", "warning").details
    assert f"process {second_session.info.backend_pid} (somebody else) holds it" in line
    second_session.rollback()
    assert run_doctor(checked.url).of("history", "warning") == []
