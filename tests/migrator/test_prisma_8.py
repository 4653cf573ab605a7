"""A database that Prisma 8 signs, or manages alone."""

import pytest
from typer.testing import CliRunner

import triosigno_db as db
from tests.doctor.checked_database import run_doctor
from triosigno_db.cli.app import app
from triosigno_db.database.execution import run_sql
from triosigno_db.errors import MigrationError
from triosigno_db.migrator import baseline, deploy, read_history, status
from triosigno_db.migrator.prisma_8 import Prisma8

MARKER = "CREATE SCHEMA prisma_contract; CREATE TABLE prisma_contract.marker (hash TEXT)"


def run_migrate(url: str, command: str) -> str:
    db.disconnect()
    ended = CliRunner().invoke(app, ["migrate", command, "--url", url])
    db.connect(url, password_cost=4)
    return ended.stdout


def test_without_its_marker_nothing_is_said(connected: str) -> None:
    run_sql("CREATE SCHEMA prisma_contract; CREATE VIEW prisma_contract.marker AS SELECT 1")
    deploy()
    assert status().prisma_8 is Prisma8.ABSENT
    assert "Prisma 8" not in run_migrate(connected, "status")


def test_a_database_that_it_signs_is_deployed_as_ever(connected: str) -> None:
    run_sql(read_history()[0].script)
    baseline()
    run_sql(MARKER)
    assert "prisma db sign" in run_migrate(connected, "deploy")
    assert "prisma db sign" not in run_migrate(connected, "deploy")
    found = status()
    assert (found.prisma_8, found.exit_code) == (Prisma8.SIGNS, 0)
    assert "prisma db sign" in run_migrate(connected, "status")
    run = run_doctor(connected)
    assert any("Prisma 8 signs" in each.summary for each in run.of("history", "ok"))


def test_a_database_that_it_manages_alone_gets_no_second_history(connected: str) -> None:
    run_sql(read_history()[0].script)
    run_sql(MARKER)
    for change in (deploy, baseline):
        with pytest.raises(MigrationError, match="Nothing was changed"):
            change()
    assert status().prisma_8 is Prisma8.MANAGES
    assert "without the ledger" in run_migrate(connected, "status")
    assert run_doctor(connected).one("history", "warning").summary.startswith("Prisma 8 manages")
    assert run_sql("SELECT to_regclass('_prisma_migrations')") == [(None,)]
    user = db.create_user(db.NewUser(email="a@example.org", username="a", password="b"))
    assert db.get_user(user.id).username == "a"
    for migration in read_history():
        if migration.name.endswith(("search_indexes", "idempotency_keys")):
            run_sql(migration.script)
    assert db.search_signs("a").items == ()
