"""The ledger: what is recorded, and the states that follow from it."""

from datetime import UTC, datetime

import pytest

import triosigno_db as db
from tests.conftest import WriteHistory
from tests.migrator.deployed import ONE, ledger_rows, tables
from triosigno_db.database.execution import run_sql
from triosigno_db.doctor import diagnose
from triosigno_db.migrator import (
    Migration,
    MigrationState,
    deploy,
    read_history,
    rollback,
    shipped_history,
    status,
)
from triosigno_db.migrator.ledger import COLUMNS, Ledger, LedgerRow, compare_histories
from triosigno_db.migrator.session import open_session
from triosigno_db.schema.prisma_migrate import LEDGER_TABLE


def test_the_ledger_reads_as_prisma_writes_it(connected: str) -> None:
    deploy()
    rows = ledger_rows()
    assert [row[:2] for row in rows] == [
        (each.name, each.checksum) for each in read_history(shipped_history())
    ]
    assert {row[2:] for row in rows} == {(True, False, 1, None)}


def test_an_edited_migration_is_told_and_left_alone(
    connected: str, write_history: WriteHistory
) -> None:
    folder = write_history(one='CREATE TABLE "One" ();')
    deploy(history=folder)
    write_history(one='CREATE TABLE "Uno" ();')
    assert status(history=folder).named(MigrationState.EDITED) == (ONE,)
    assert status(history=folder).exit_code == 2
    assert deploy(history=folder) == ()
    assert tables() == {"One"}


def test_a_file_that_is_gone_is_unknown_and_no_error(
    connected: str, write_history: WriteHistory
) -> None:
    folder = write_history(one="SELECT 1;", two="SELECT 2;")
    deploy(history=folder)
    gone = folder / "20260101000001_one"
    (gone / "migration.sql").unlink()
    gone.rmdir()
    found = status(history=folder)
    assert [(each.name[15:], each.state.value) for each in found.migrations] == [
        ("one", "unknown"),
        ("two", "applied"),
    ]
    assert found.exit_code == 0


def test_windows_line_ends_are_no_edit(connected: str, write_history: WriteHistory) -> None:
    folder = write_history(one='CREATE TABLE "One" ();\n')
    deploy(history=folder)
    write_history(one='CREATE TABLE "One" ();\r\n')
    assert status(history=folder).exit_code == 0


def migration(name: str, checksum: str = "same") -> Migration:
    return Migration(name, "SELECT 1;", checksum, None, frozenset({checksum}))


def row(
    name: str, checksum: str = "same", *, finished: bool = False, rolled_back: bool = False
) -> LedgerRow:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return LedgerRow(
        "id",
        name,
        checksum,
        now,
        now if finished else None,
        now if rolled_back else None,
        None,
        int(finished),
    )


@pytest.mark.parametrize(
    ("rows", "state"),
    [
        ([], MigrationState.PENDING),
        ([row("a", finished=True)], MigrationState.APPLIED),
        ([row("a", "other", finished=True)], MigrationState.EDITED),
        ([row("a")], MigrationState.FAILED),
        ([row("a", rolled_back=True)], MigrationState.ROLLED_BACK),
        ([row("a", finished=True, rolled_back=True)], MigrationState.ROLLED_BACK),
        ([row("a", rolled_back=True), row("a", finished=True)], MigrationState.APPLIED),
        ([row("a", finished=True), row("a")], MigrationState.FAILED),
    ],
)
def test_the_rows_of_a_migration_give_its_state(
    rows: list[LedgerRow], state: MigrationState
) -> None:
    (found,) = compare_histories([migration("a")], rows)
    assert (found.name, found.state) == ("a", state)


def test_migrations_come_in_the_order_of_their_names() -> None:
    others = [row("a", "another", finished=True), row("c", "another")]
    found = compare_histories([migration("b"), migration("d")], others)
    assert [(each.name, each.state.value) for each in found] == [
        ("a", "unknown"),
        ("b", "pending"),
        ("c", "failed"),
        ("d", "pending"),
    ]


@pytest.mark.parametrize(
    ("rows", "state", "name"),
    [
        ([row("later", finished=True)], MigrationState.APPLIED, "later"),
        ([row("later")], MigrationState.FAILED, "later"),
        ([row("later", rolled_back=True)], MigrationState.ROLLED_BACK, "later"),
        (
            [row("a", rolled_back=True), row("later", finished=True)],
            MigrationState.APPLIED,
            "later",
        ),
        ([row("a", finished=True), row("later", rolled_back=True)], MigrationState.APPLIED, "a"),
    ],
)
def test_a_migration_under_another_name_is_known_by_its_checksum(
    rows: list[LedgerRow], state: MigrationState, name: str
) -> None:
    (found,) = compare_histories([migration("a")], rows)
    assert (found.name, found.state, found.recorded_name) == ("a", state, name)


def test_a_name_on_disk_is_not_taken_for_another_migration() -> None:
    found = compare_histories([migration("a"), migration("b")], [row("b", finished=True)])
    assert [each.state.value for each in found] == ["pending", "applied"]


def test_empty_scripts_are_not_taken_for_each_other() -> None:
    empty = Migration("a", " \n", "same", None, frozenset({"same"}))
    found = compare_histories([empty], [row("b", finished=True)])
    assert [each.state.value for each in found] == ["pending", "unknown"]


def test_what_is_provided_is_not_pending() -> None:
    provided = frozenset({"same"})
    for rows in ([], [row("a", rolled_back=True)]):
        (found,) = compare_histories([migration("a")], rows, provided)
        assert (found.state, found.row) == (MigrationState.PROVIDED, None)
    (found,) = compare_histories([migration("a")], [row("a", finished=True)], provided)
    assert found.state is MigrationState.APPLIED


def test_what_is_provided_is_kept_beside_the_rows(connected: str) -> None:
    with open_session(db.Settings.load(connected)) as session:
        ledger = Ledger(session)
        assert ledger.provided() == frozenset()
        ledger.create()
        run_sql(f"COMMENT ON TABLE \"{LEDGER_TABLE}\" IS 'Ours: 100 %s {{table}}'")
        ledger.mark_provided([migration("a", "1" * 64)])
        ledger.mark_provided([migration("b", "2" * 64)])
        assert ledger.provided() == {"1" * 64, "2" * 64}
        assert ledger.rows() == ()
    comment = run_sql(f"SELECT obj_description('\"{LEDGER_TABLE}\"'::regclass)")[0][0]
    assert comment.splitlines() == [
        "Ours: 100 %s {table}",
        f"triosigno-db provided: {'1' * 64} {'2' * 64}",
    ]


def test_a_ledger_that_is_not_there(connected: str) -> None:
    with open_session(db.Settings.load(connected)) as session:
        ledger = Ledger(session)
        assert (ledger.exists(), ledger.may_read(), ledger.rows()) == (False, None, ())
        assert ledger.columns() == frozenset()
        ledger.clear()
        ledger.create()
        assert (ledger.exists(), ledger.may_read()) == (True, True)
        assert ledger.columns() == COLUMNS
        assert ledger.seconds_since_last() is None
        assert ledger.other_tables() == []


def test_what_happens_to_a_migration_is_recorded(connected: str) -> None:
    with open_session(db.Settings.load(connected)) as session:
        ledger = Ledger(session)
        ledger.create()
        ledger.fail(ledger.begin(migration("a")), "why", rolled_back=False)
        assert [(each.is_failed, each.logs) for each in ledger.rows()] == [(True, "why")]
        ledger.mark_rolled_back("a")
        assert [each.is_failed for each in ledger.rows()] == [False]
        ledger.finish(ledger.begin(migration("a")))
        assert [each.is_applied for each in ledger.rows()] == [False, True]
        assert ledger.seconds_since_last() is not None
        ledger.mark_rolled_back("a", finished=True)
        assert [each.is_applied for each in ledger.rows()] == [False, False]
        ledger.mark_applied(migration("a"))
        assert [each.is_applied for each in ledger.rows()] == [False, False, True]
        ledger.clear()
        assert ledger.rows() == ()


def test_only_the_named_migration_is_marked_as_rolled_back(connected: str) -> None:
    with open_session(db.Settings.load(connected)) as session:
        ledger = Ledger(session)
        ledger.create()
        for migration in read_history(shipped_history())[:2]:
            ledger.begin(migration)
        first, second = ledger.rows()
        ledger.mark_rolled_back(first.name)
        states = {row.name: row.rolled_back_at is None for row in ledger.rows()}
    assert states == {first.name: False, second.name: True}


def test_any_name_of_a_schema_will_do(connected: str, write_history: WriteHistory) -> None:
    settings = db.Settings.load(connected, schema_name='100 %s {0} {table} "d\'or"')
    folder = write_history(one=('CREATE TABLE "One" ();', 'DROP TABLE "One";'))
    assert deploy(settings, history=folder) == (ONE,)
    assert status(settings, history=folder).exit_code == 0
    assert rollback(settings, history=folder) == (ONE,)
    with open_session(settings) as session:
        ledger = Ledger(session)
        assert [each.name for each in ledger.rows()] == [ONE]
        ledger.clear()
        assert ledger.rows() == ()
    deploy(settings)
    findings = diagnose(settings).findings
    assert [each for each in findings if "failed" in each.summary] == []
