"""The history: pending, failed, altered, unknown, absent; and its lock."""

import shutil
from pathlib import Path

import psycopg2
import pytest

import triosigno_db as db
from tests.doctor.checked_database import Patient, look
from triosigno_db.migrator import deploy, read_history, rollback, shipped_history
from triosigno_db.schema.prisma_migrate import PRISMA_LOCK

NAMES = [each.name for each in read_history(shipped_history())]


@pytest.fixture
def history(tmp_path: Path) -> Path:
    folder = tmp_path / "migrations"
    shutil.copytree(shipped_history(), folder)
    return folder


def test_a_pending_migration(patient: Patient) -> None:
    db.connect(patient.url)
    rollback(to=NAMES[1])
    seen = look(patient.url)
    finding = seen.one("history", "warning")
    assert finding.details == tuple(NAMES[2:])
    assert finding.advice == "triosigno-db migrate deploy"
    # What is pending is no drift.
    assert seen.of("drift", "ok")
    assert seen.exit_code == 0


def test_a_failed_migration(patient: Patient, history: Path) -> None:
    folder = history / "20270101000000_broken"
    folder.mkdir()
    (folder / "migration.sql").write_text("-- triosigno-db: no-transaction\nSELECT 1 / 0;")
    db.connect(patient.url)
    with pytest.raises(db.MigrationFailedError):
        deploy(history=history)
    seen = look(patient.url, "--migrations", str(history))
    (line,) = seen.one("history", "error").details
    assert line.startswith("20270101000000_broken: ")
    assert "division by zero" in line
    assert "migrate resolve" in seen.one("history", "error").advice
    assert seen.exit_code == 1


def test_an_altered_file(patient: Patient, history: Path) -> None:
    with (history / NAMES[1] / "migration.sql").open("a") as script:
        script.write("-- one more thought\n")
    seen = look(patient.url, "--migrations", str(history))
    assert seen.one("history", "error").details == (NAMES[1],)
    assert seen.exit_code == 1


def test_an_unknown_migration(patient: Patient) -> None:
    patient.run(
        'INSERT INTO "_prisma_migrations" (id, checksum, finished_at, migration_name) '
        "VALUES ('1', 'x', now(), '20270101000000_by_node')"
    )
    finding = look(patient.url).one("history", "warning")
    assert finding.details == ("20270101000000_by_node",)


def test_a_history_that_is_broken_on_disk(patient: Patient, history: Path) -> None:
    (history / "migration_lock.toml").write_text('provider = "mysql"\n')
    seen = look(patient.url, "--migrations", str(history))
    assert "mysql" in seen.one("history", "error").summary
    assert seen.of("indexes", "ok")


def test_tables_without_a_history(url: str) -> None:
    seen = look(url)
    assert "baseline" in seen.one("history", "warning").advice
    assert "as the models make them" in seen.one("drift", "ok").summary


def test_who_holds_the_lock_and_who_waits(
    patient: Patient, second_session: psycopg2.extensions.connection
) -> None:
    second_session.cursor().execute(f"SELECT pg_advisory_xact_lock({PRISMA_LOCK})")
    (line,) = look(patient.url).one("history", "warning").details
    assert f"process {second_session.info.backend_pid} (somebody else) holds it" in line
    second_session.rollback()
    assert look(patient.url).of("history", "warning") == []


def test_another_ledger_than_prisma_s(patient: Patient) -> None:
    patient.run('ALTER TABLE "_prisma_migrations" ADD COLUMN "space" text')
    finding = look(patient.url).one("versions", "error")
    assert finding.details == ("space",)
