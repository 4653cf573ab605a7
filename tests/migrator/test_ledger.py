"""The ledger: what is recorded, and the states that follow from it."""

from tests.conftest import WriteHistory
from tests.migrator.deployed import ONE, ledger_rows, tables
from triosigno_db.migrator import (
    MigrationState,
    deploy,
    read_history,
    shipped_history,
    status,
)


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
