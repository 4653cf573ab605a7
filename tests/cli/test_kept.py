"""What an interrupted `triosigno-db migrate` says is what the database holds."""

import signal
import time

import pytest

from tests.cli.running import Start, holding, until
from tests.conftest import WriteHistory
from tests.plain_sql import run_plain
from tests.sampling import mostly_slow
from triosigno_db import migrator
from triosigno_db.cli.connection import find_histories
from triosigno_db.cli.kept import Ledger
from triosigno_db.migrator.script import NO_TRANSACTION
from triosigno_db.schema.prisma_migrate import PRISMA_LOCK
from triosigno_db.settings import Settings
from triosigno_db.testing import DatabaseServer

SLOW = "SELECT pg_sleep(60)"


def test_deploy_says_what_was_rolled_back_and_what_is_applied(
    empty_url: str, write_history: WriteHistory, start: Start
) -> None:
    history = write_history(
        one="CREATE TABLE a ()", two="CREATE TABLE b ()", three=f"CREATE TABLE c (); {SLOW}"
    )
    deploy = start(empty_url, "migrate", "deploy", f"--migrations={history}")
    deploy.wait_until_active()
    code, said = deploy.interrupt()
    assert code == 130
    assert said == (
        "Interrupted. The migration 20260101000003_three was rolled back; "
        "applied before it: 20260101000001_one, 20260101000002_two.\n"
    )
    assert migrator.status(empty_url, history=history).pending == ("20260101000003_three",)
    assert run_plain(empty_url, "SELECT to_regclass('b') IS NOT NULL, to_regclass('c')") == [
        (True, None)
    ]


def test_deploy_of_a_migration_without_a_transaction_says_so(
    empty_url: str, write_history: WriteHistory, start: Start
) -> None:
    table = {"one": "CREATE TABLE t (x int)"}
    migrator.deploy(empty_url, history=write_history(**table))
    history = write_history(
        **table,
        two="CREATE TABLE a ()",
        three=f"{NO_TRANSACTION}\nCREATE TABLE b ();\nCREATE INDEX CONCURRENTLY i ON t (x)",
    )
    with holding(empty_url, "LOCK TABLE t IN SHARE ROW EXCLUSIVE MODE"):
        deploy = start(empty_url, "migrate", "deploy", f"--migrations={history}")
        deploy.wait_until_active()
        code, said = deploy.interrupt()
    assert code == 130
    assert said == (
        "Interrupted. The migration 20260101000003_three is applied in part: fix the database, "
        "then resolve it; applied before it: 20260101000002_two.\n"
    )
    assert migrator.status(empty_url, history=history).exit_code == 2


@pytest.mark.parametrize("command", mostly_slow(["deploy", "baseline", "rollback", "reset"], 2))
def test_a_wait_for_the_migration_lock_is_ended(
    triosigno_url: str, empty_url: str, start: Start, command: str
) -> None:
    url = empty_url if command in ("deploy", "baseline") else triosigno_url
    words = {
        "deploy": "No migration was applied.",
        "baseline": "Nothing was marked.",
        "rollback": "Nothing was rolled back.",
        "reset": "Nothing was dropped.",
    }
    with holding(url, f"SELECT pg_advisory_lock({PRISMA_LOCK})"):
        migrate = start(url, "migrate", command)
        migrate.wait_until_active()
        assert migrate.interrupt() == (130, f"Interrupted. {words[command]}\n")


def test_rollback_says_which_migrations_it_has_undone(
    empty_url: str, write_history: WriteHistory, start: Start
) -> None:
    history = write_history(one=("SELECT 1", SLOW), two=("SELECT 2", "SELECT 2"))
    migrator.deploy(empty_url, history=history)
    options = ("--steps=2", "--accept-data-loss", f"--migrations={history}")
    rollback = start(empty_url, "migrate", "rollback", *options)
    rollback.wait_until_active()
    code, said = rollback.interrupt()
    assert code == 130
    assert said == (
        "Interrupted. Rolled back: 20260101000002_two. Still applied: 20260101000001_one.\n"
    )
    assert migrator.status(empty_url, history=history).named(migrator.MigrationState.APPLIED) == (
        "20260101000001_one",
    )


@pytest.mark.parametrize("command", [["reset"], ["dev", "--name=x"]], ids=["reset", "dev"])
def test_no_shadow_database_is_left(
    empty_url: str,
    triosigno_server: DatabaseServer,
    write_history: WriteHistory,
    start: Start,
    command: list[str],
) -> None:
    history = write_history(one="SELECT 1")
    migrator.deploy(empty_url, history=history)
    (history / "20260101000002_two").mkdir()
    (history / "20260101000002_two" / "migration.sql").write_text("SELECT pg_sleep(61)")
    before = sorted(each.name for each in history.iterdir())
    migrate = start(empty_url, "migrate", *command, f"--migrations={history}")
    running = (
        "SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query = 'SELECT pg_sleep(61)'"
    )
    until(lambda: run_plain(triosigno_server.url, running), migrate.process)
    migrate.process.send_signal(signal.SIGINT)
    sent = time.monotonic()
    until(lambda: not run_plain(triosigno_server.url, running))
    assert time.monotonic() - sent < 1
    code, said = migrate.end()
    words = {"reset": "Nothing was dropped.", "dev": "Nothing was written."}
    assert (code, said) == (130, f"Interrupted. {words[command[0]]}\n")
    assert triosigno_server.list_databases("triosigno_shadow") == []
    assert sorted(each.name for each in history.iterdir()) == before


def test_what_baseline_has_recorded_is_said(triosigno_url: str) -> None:
    kept = Ledger(Settings.load(triosigno_url), find_histories(None, None))
    assert kept.after_baseline().startswith("Marked as applied: ")
    first = migrator.read_history()[0]
    run_plain(
        triosigno_url,
        "UPDATE \"_prisma_migrations\" SET migration_name = 'start', checksum = 'x'"
        f" WHERE migration_name = '{first.name}'",
    )
    migrator.baseline(triosigno_url)
    assert kept.after_baseline() == f"Provided: {first.name}."
