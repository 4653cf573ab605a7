"""Applying, resolving and undoing a history."""

import re
import subprocess
import sys

import psycopg2
import pytest

import triosigno_db as db
from tests.conftest import WriteHistory
from tests.docs.pages import ROOT
from tests.migrator.deployed import (
    NAMES,
    ONE,
    TWO,
    ledger_rows,
    schema,
    states,
    tables,
)
from tests.plain_sql import run_plain
from tests.processes import Process
from triosigno_db.database.execution import run_sql
from triosigno_db.errors import (
    InvalidInputError,
    MigrationBlockedError,
    MigrationError,
    MigrationFailedError,
)
from triosigno_db.migrator import (
    MigrationState,
    deploy,
    read_history,
    resolve_applied,
    resolve_rolled_back,
    rollback,
    shipped_history,
    status,
)
from triosigno_db.schema.catalog import Catalog, compare, read_catalog


def test_the_shipped_history_gives_what_create_schema_gives(
    connected: str, triosigno_url: str
) -> None:
    applied = deploy()
    assert applied == tuple(each.name for each in read_history(shipped_history()))
    deployed = schema()
    db.disconnect()
    db.connect(triosigno_url)
    assert compare(schema(), deployed) == ()


def test_create_schema_takes_a_deployed_database_for_its_own(connected: str) -> None:
    deploy()
    db.create_schema()


def test_a_second_deployment_has_nothing_to_do(connected: str) -> None:
    deploy()
    before = ledger_rows()
    assert deploy() == ()
    assert ledger_rows() == before


def test_status_goes_from_pending_to_applied(connected: str) -> None:
    assert (states(), status().exit_code) == (["pending"] * len(NAMES), 1)
    deploy()
    assert (states(), status().exit_code) == (["applied"] * len(NAMES), 0)


def test_status_changes_nothing(connected: str) -> None:
    status()
    assert read_catalog('"public"').tables == {}


@pytest.mark.parametrize("place", range(len(NAMES)))
def test_up_down_up_gives_identical_catalogs(connected: str, place: int) -> None:
    migrations = read_history(shipped_history())
    deploy()
    after = [schema()]
    for _ in migrations:
        rollback()
        after.append(schema())
    assert after[-1] == Catalog({}, {})
    for _ in range(place):
        deploy()
        rollback(steps=len(migrations))
    deploy()
    assert schema() == after[0]
    rollback(to=migrations[place].name)
    assert schema() == after[len(migrations) - 1 - place]


def test_a_rolled_back_migration_is_pending_again(connected: str) -> None:
    deploy()
    (undone,) = rollback()
    assert states() == ["applied"] * (len(NAMES) - 1) + ["rolled back"]
    assert status().exit_code == 1
    assert deploy() == (undone,)
    assert [row[3] for row in ledger_rows()] == [False] * (len(NAMES) - 1) + [True, False]


def test_an_index_that_was_made_beforehand_is_found(connected: str) -> None:
    deploy()
    expected = schema()
    rollback(to=next(name for name in NAMES if name.endswith("idempotency_keys")))
    guide = (ROOT / "docs/how-to/migrate.md").read_text(encoding="utf-8")
    (statement,) = re.findall(r"^CREATE INDEX CONCURRENTLY[^;]*;", guide, re.MULTILINE)
    run_plain(connected, statement)
    assert deploy()
    assert schema() == expected


def test_a_failure_leaves_nothing_and_needs_no_resolving(
    connected: str, write_history: WriteHistory
) -> None:
    folder = write_history(
        one='CREATE TABLE "One" ();', two='CREATE TABLE "Two" ();\n\nSELECT 1 / 0;'
    )
    with pytest.raises(MigrationFailedError, match="division by zero") as caught:
        deploy(history=folder)
    assert (caught.value.name, caught.value.number, caught.value.line) == (TWO, 2, 3)
    assert caught.value.prisma_code == "P3018"
    assert tables() == {"One"}
    failed = ledger_rows()[1]
    assert failed[2:5] == (False, True, 0)
    assert "division by zero" in failed[5]
    assert "statement 2, line 3" in failed[5]
    assert "SELECT 1 / 0" in failed[5]
    write_history(one='CREATE TABLE "One" ();', two='CREATE TABLE "Two" ();')
    assert deploy(history=folder) == (TWO,)
    assert tables() == {"One", "Two"}


def test_without_a_transaction_the_failed_statement_is_noted(
    connected: str, write_history: WriteHistory
) -> None:
    script = (
        '-- triosigno-db: no-transaction\nCREATE TABLE "Two" (x int);\n'
        'CREATE INDEX CONCURRENTLY "i" ON "Two"(x);\nSELECT 1 / 0;'
    )
    folder = write_history(one='CREATE TABLE "One" ();', two=script)
    with pytest.raises(MigrationFailedError, match="statement 3, line 4"):
        deploy(history=folder)
    assert tables() == {"One", "Two"}
    assert status(history=folder).named(MigrationState.FAILED) == (TWO,)
    assert status(history=folder).exit_code == 2
    with pytest.raises(MigrationError, match="not resolved") as caught:
        deploy(history=folder)
    assert caught.value.prisma_code == "P3009"
    with pytest.raises(MigrationError, match="not resolved"):
        rollback(history=folder)


def test_a_script_that_manages_its_transaction_runs_statement_by_statement(
    connected: str, write_history: WriteHistory
) -> None:
    """As Prisma writes them where a label of an enum is dropped."""
    script = 'BEGIN;\nCREATE TABLE "One" ();\nCOMMIT;\nCREATE TABLE "Two" ();'
    folder = write_history(one=script)
    assert deploy(history=folder) == (ONE,)
    assert tables() == {"One", "Two"}
    assert [row[2:5] for row in ledger_rows()] == [(True, False, 1)]


@pytest.mark.parametrize(
    ("script", "told", "there"),
    [
        ('CREATE TABLE "One" ();\nBEGIN;\nSELECT 1 / 0;\nCOMMIT;', "division by zero", {"One"}),
        ('BEGIN;\nCREATE TABLE "One" ();', "does not end it", set()),
        ('BEGIN;\nCREATE TABLE "One" ();\nSELECT 1 / 0;', "division by zero", set()),
    ],
)
def test_what_fails_in_its_own_transaction_is_recorded_as_failed(
    connected: str, write_history: WriteHistory, script: str, told: str, there: set[str]
) -> None:
    folder = write_history(one=script)
    with pytest.raises(MigrationFailedError, match=told):
        deploy(history=folder)
    assert tables() == there
    assert [row[2:5] for row in ledger_rows()] == [(False, False, 0)]
    assert status(history=folder).exit_code == 2
    resolve_rolled_back(ONE, history=folder)
    assert status(history=folder).exit_code == 1


def test_a_name_in_the_ledger_is_resolved_as_the_one_on_disk(
    connected: str, write_history: WriteHistory
) -> None:
    folder = write_history(one='CREATE TABLE "One" ();')
    deploy(history=folder)
    later = "20270101000000_later"
    (folder / ONE).rename(folder / later)
    assert status(history=folder).migrations[0].recorded_name == ONE
    assert deploy(history=folder) == ()
    resolve_applied(later, history=folder)
    assert [(row[0], row[2], row[4]) for row in ledger_rows()] == [(later, True, 1)]
    with pytest.raises(MigrationError, match="already applied"):
        resolve_applied(later, history=folder)


def test_a_failed_one_under_another_name_is_resolved_by_either(
    connected: str, write_history: WriteHistory
) -> None:
    folder = write_history(one="-- triosigno-db: no-transaction\nSELECT 1 / 0;")
    for name in ("20270101000000_later", ONE):
        with pytest.raises(MigrationFailedError):
            deploy(history=folder)
        (folder / ONE).rename(folder / "20270101000000_later")
        resolve_rolled_back(name, history=folder)
        assert status(history=folder).exit_code == 1
        (folder / "20270101000000_later").rename(folder / ONE)


def test_resolving_as_applied(connected: str, write_history: WriteHistory) -> None:
    folder = write_history(one="-- triosigno-db: no-transaction\nSELECT 1 / 0;")
    with pytest.raises(MigrationFailedError):
        deploy(history=folder)
    resolve_applied(ONE, history=folder)
    assert [row[2:5] for row in ledger_rows()] == [(False, True, 0), (True, False, 0)]
    assert status(history=folder).exit_code == 0
    with pytest.raises(MigrationError, match="already applied") as caught:
        resolve_applied(ONE, history=folder)
    assert caught.value.prisma_code == "P3008"


def test_resolving_as_rolled_back(connected: str, write_history: WriteHistory) -> None:
    folder = write_history(one="-- triosigno-db: no-transaction\nSELECT 1 / 0;")
    with pytest.raises(MigrationFailedError):
        deploy(history=folder)
    resolve_rolled_back(ONE)
    assert status(history=folder).pending == (ONE,)
    with pytest.raises(MigrationError, match="has not failed") as caught:
        resolve_rolled_back(ONE)
    assert caught.value.prisma_code == "P3012"


def test_resolving_what_nobody_knows(connected: str) -> None:
    with pytest.raises(MigrationError, match="does not exist on disk") as caught:
        resolve_applied("20260101000009_none")
    assert caught.value.prisma_code == "P3017"
    with pytest.raises(MigrationError, match="never applied") as caught:
        resolve_rolled_back("20260101000009_none")
    assert caught.value.prisma_code == "P3011"


def test_resolving_makes_the_ledger(connected: str, write_history: WriteHistory) -> None:
    resolve_applied(ONE, history=write_history(one="SELECT 1;"))
    assert ledger_rows()[0][2:] == (True, False, 0, "")


def test_tables_without_a_history_are_refused(connected: str) -> None:
    run_sql('CREATE TABLE "Other" ()')
    with pytest.raises(MigrationError, match="tables but no history: Other") as caught:
        deploy()
    assert caught.value.prisma_code == "P3005"
    assert tables() == {"Other"}


def test_a_view_alone_is_no_obstacle(connected: str) -> None:
    run_sql("CREATE VIEW v AS SELECT 1")
    assert deploy() == NAMES


def test_a_migration_that_arrives_late_is_applied(
    connected: str, write_history: WriteHistory
) -> None:
    folder = write_history(zero="SELECT 0;", one='CREATE TABLE "One" ();')
    late = folder / "20260101000001_zero"
    late.rename(folder.parent / "late")
    deploy(history=folder)
    (folder.parent / "late").rename(late)
    assert deploy(history=folder) == (late.name,)


def test_without_down_sql_nothing_is_undone(connected: str, write_history: WriteHistory) -> None:
    folder = write_history(
        one='CREATE TABLE "One" ();', two=('CREATE TABLE "Two" ();', 'DROP TABLE "Two";')
    )
    deploy(history=folder)
    with pytest.raises(MigrationError, match=f"{ONE} has no down.sql"):
        rollback(history=folder, steps=2)
    assert tables() == {"One", "Two"}


def test_a_failing_down_sql_leaves_the_migration_applied(
    connected: str, write_history: WriteHistory
) -> None:
    down = 'DROP TABLE "One";\nSELECT 1 / 0;'
    folder = write_history(one=('CREATE TABLE "One" ();', down))
    deploy(history=folder)
    with pytest.raises(MigrationBlockedError, match="line 2"):
        rollback(history=folder)
    with pytest.raises(MigrationFailedError, match="line 2"):
        rollback(history=folder, accept_data_loss=True)
    assert tables() == {"One"}
    assert status(history=folder).exit_code == 0


def test_undoing_down_to_what_is_not_applied_is_refused(connected: str) -> None:
    with pytest.raises(MigrationError, match="not applied"):
        rollback(to="20260115080000_init")


def test_a_migration_is_undone_with_its_ledger_row(
    connected: str, write_history: WriteHistory
) -> None:
    folder = write_history(one="SELECT 1;")
    deploy(history=folder)
    spoilt = 'ALTER TABLE "_prisma_migrations" DROP COLUMN finished_at CASCADE;'
    write_history(one="SELECT 1;", two=f'CREATE TABLE "Two" (); {spoilt}')
    with pytest.raises(db.TrioSignoDBError, match="finished_at"):
        deploy(history=folder)
    assert tables() == set()
    assert status(history=folder).pending == (TWO,)


def test_a_migration_does_not_queue_behind_traffic_for_ever(
    connected: str, write_history: WriteHistory
) -> None:
    folder = write_history(one='CREATE TABLE "One" ();', two='ALTER TABLE "One" ADD x int;')
    (folder / TWO).rename(folder.parent / TWO)
    deploy(history=folder)
    (folder.parent / TWO).rename(folder / TWO)
    reader = psycopg2.connect(connected)
    reader.cursor().execute('SELECT * FROM "One"')
    with pytest.raises(MigrationFailedError, match="lock timeout"):
        deploy(history=folder, lock_timeout=0.1)
    reader.close()
    assert deploy(history=folder) == (TWO,)


def test_eight_processes_at_once_apply_each_migration_once(connected: str) -> None:
    command = [sys.executable, "-m", "tests.migrator.deploying", connected, str(shipped_history())]
    processes = [Process(command, stdout=subprocess.PIPE, text=True) for _ in range(8)]
    applied = [process.communicate(timeout=60)[0].split()[1:] for process in processes]
    assert [process.returncode for process in processes] == [0] * 8
    assert sorted(map(len, applied)) == [0] * 7 + [len(NAMES)]
    assert len(ledger_rows()) == len(NAMES)


def test_another_schema_has_a_history_of_its_own(connected: str) -> None:
    deploy()
    db.disconnect()
    db.connect(f"{connected}?schema=other")
    assert states() == ["pending"] * len(NAMES)
    deploy()
    assert set(read_catalog('"other"').tables) == set(read_catalog('"public"').tables)
    assert db.create_user(db.NewUser(email="a@example.org", username="a", password="b"))


@pytest.mark.parametrize(
    ("statement", "field"),
    [
        ('UPDATE "Progress" SET "masteryLevel" = 101', "mastery_level"),
        ('UPDATE "Progress" SET "correctAttempts" = 9', "attempts"),
        ('UPDATE "Module" SET "order" = -1', "order"),
        ('UPDATE "UserPreference" SET "learningGoal" = 1441', "learning_goal"),
    ],
)
def test_new_rows_keep_to_the_rules(connected: str, statement: str, field: str) -> None:
    deploy()
    user = db.create_user(db.NewUser(email="a@example.org", username="a", password="b"))
    category = db.create_category(db.NewCategory(name="c", description=""))
    sign = db.create_sign(
        db.NewSign(
            name="s",
            description="",
            video_url="https://example.org/s",
            difficulty=db.DifficultyLevel.BEGINNER,
            category_id=category.id,
        )
    )
    db.record_attempt(user.id, sign.id, is_correct=True)
    db.create_module(db.NewModule(title="m", description=""))
    with pytest.raises(InvalidInputError, match="violates check constraint") as caught:
        run_sql(statement)
    assert caught.value.field == field


def test_a_script_that_is_applied_is_not_read_again(
    connected: str, write_history: WriteHistory
) -> None:
    folder = write_history(one='CREATE TABLE "One" ();')
    deploy(history=folder)
    # Pending, it would fail.
    write_history(one="BEGIN;", two='CREATE TABLE "Two" ();')
    assert deploy(history=folder) == (TWO,)
    assert tables() == {"One", "Two"}
