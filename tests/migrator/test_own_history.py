"""The form of a history that `dev` continues."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import WriteHistory
from triosigno_db.errors import MigrationError
from triosigno_db.migrator import dev, read_history, shipped_history
from triosigno_db.migrator.own_history import read_own_history

ONE, TWO = "20260101000001_one", "20260101000002_two"


def test_the_shipped_history_has_the_form() -> None:
    assert read_own_history(shipped_history()) == read_history()


def test_no_two_shipped_migrations_have_the_same_checksum() -> None:
    migrations = read_history()
    assert len({each for m in migrations for each in m.accepted_checksums}) == sum(
        len(migration.accepted_checksums) for migration in migrations
    )


def spoil_name(folder: Path) -> None:
    (folder / ONE).rename(folder / "2026_one")


def spoil_timestamp(folder: Path) -> None:
    (folder / TWO).rename(folder / "20260101000001_two")


def spoil_mark(folder: Path) -> None:
    (folder / TWO / "migration.sql").write_bytes(b"\xef\xbb\xbfSELECT 1")


def spoil_content(folder: Path) -> None:
    (folder / TWO / "migration.sql").write_bytes(b" \n")


def spoil_lock_file(folder: Path) -> None:
    (folder / "migration_lock.toml").unlink()


def spoil_checksum(folder: Path) -> None:
    content = (folder / ONE / "migration.sql").read_bytes()
    (folder / TWO / "migration.sql").write_bytes(content + b"\n")
    (folder / ONE / "migration.sql").write_bytes(content + b"\r\n")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (spoil_name, "2026_one must be 14 digits"),
        (spoil_timestamp, "have the same timestamp"),
        (spoil_mark, "byte order mark"),
        (spoil_content, "is empty"),
        (spoil_lock_file, "migration_lock.toml is missing"),
        (spoil_checksum, "have the same text"),
    ],
)
def test_dev_refuses_a_history_without_the_form(
    connected: str, write_history: WriteHistory, spoil: Callable[[Path], None], told: str
) -> None:
    folder = write_history(one='CREATE TABLE "One" ();', two='CREATE TABLE "Two" ();')
    spoil(folder)
    read_history(folder)
    with pytest.raises(MigrationError, match=told):
        dev("three", history=folder, create_only=True)


@pytest.mark.parametrize("control", ["BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT a", "END"])
def test_a_script_may_not_control_the_transaction(
    write_history: WriteHistory, control: str
) -> None:
    folder = write_history(one="SELECT 0;", two=f"SELECT 1;\n{control};")
    with pytest.raises(MigrationError, match=rf"{TWO}, line 2: '{control}'"):
        read_own_history(folder)
    write_history(one="SELECT 0;", two=f"-- triosigno-db: no-transaction\n{control};")
    assert len(read_own_history(folder)) == 2
