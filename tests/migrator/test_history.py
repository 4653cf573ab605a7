"""Histories on disk: what is wrong with one is told before anything runs."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import WriteHistory
from triosigno_db.errors import MigrationError
from triosigno_db.migrator import baseline, deploy, read_history, shipped_history, status
from triosigno_db.migrator.own_history import read_own_history
from triosigno_db.schema.catalog import read_catalog


def test_the_shipped_names_are_as_prisma_wants_them() -> None:
    names = [migration.name for migration in read_history(shipped_history())]
    assert [name[15:] for name in names] == [
        "init",
        "frequent_query_indexes",
        "integrity_checks",
        "search_indexes",
        "idempotency_keys",
    ]
    assert len({name[:14] for name in names}) == len(names)


def test_every_shipped_migration_can_be_undone_and_is_atomic() -> None:
    assert all(migration.down for migration in read_own_history(shipped_history()))


def test_the_checksum_is_that_of_the_bytes(write_history: WriteHistory) -> None:
    (migration,) = read_history(write_history(one="SELECT 'é';\r\n"))
    assert migration.checksum == hashlib.sha256("SELECT 'é';\r\n".encode()).hexdigest()


def test_the_repr_of_a_migration_is_short() -> None:
    for migration in read_history(shipped_history()):
        assert len(repr(migration)) < 250


def test_folders_come_in_the_order_of_their_names(write_history: WriteHistory) -> None:
    folder = write_history(b="SELECT 1;", a="SELECT 2;")
    assert [each.script for each in read_history(folder)] == ["SELECT 1;", "SELECT 2;"]


def spoil_long_name(folder: Path) -> None:
    (folder / "20260101000001_one").rename(folder / f"20260101000001_{'x' * 190}")


def spoil_encoding(folder: Path) -> None:
    (folder / "20260101000002_two" / "migration.sql").write_bytes(b"SELECT '\xe9'")


def spoil_by_removal(folder: Path) -> None:
    (folder / "20260101000002_two" / "migration.sql").unlink()


def spoil_by_folder(folder: Path) -> None:
    spoil_by_removal(folder)
    (folder / "20260101000002_two" / "migration.sql").mkdir()


def spoil_provider(folder: Path) -> None:
    (folder / "migration_lock.toml").write_text('provider = "mysql"')


@pytest.mark.parametrize(
    ("spoil", "told", "code"),
    [
        (spoil_long_name, "longer than 200 bytes", "P3010"),
        (spoil_encoding, "not valid UTF-8 at byte 8", None),
        (spoil_by_removal, "migration.sql is missing", "P3015"),
        (spoil_by_folder, "cannot be read", None),
        (spoil_provider, "'mysql'", "P3019"),
    ],
)
def test_a_spoiled_history_runs_nothing(
    connected: str,
    write_history: WriteHistory,
    spoil: Callable[[Path], None],
    told: str,
    code: str | None,
) -> None:
    folder = write_history(one='CREATE TABLE "One" ();', two='CREATE TABLE "Two" ();')
    spoil(folder)
    with pytest.raises(MigrationError, match=told) as caught:
        deploy(history=folder)
    assert caught.value.prisma_code == code
    assert read_catalog('"public"').tables == {}


def test_folders_are_read_as_prisma_takes_them(connected: str, tmp_path: Path) -> None:
    scripts = {
        "0_init": b'\xef\xbb\xbfCREATE TABLE "One" ();',
        "20260101000000_Add-Two": b'CREATE TABLE "Two" ();',
        "20260101000001_add_three": b'CREATE TABLE "Three" ();',
        "20260101000001_add-four": b'CREATE TABLE "Four" ();',
        "20260101000001_empty": b"",
        "20260101000001_spaces": b" \r\n",
    }
    for name, content in scripts.items():
        (tmp_path / name).mkdir()
        (tmp_path / name / "migration.sql").write_bytes(content)
    read = read_history(tmp_path)
    assert [each.name for each in read] == list(scripts)
    assert [each.checksum for each in read] == [
        hashlib.sha256(content).hexdigest() for content in scripts.values()
    ]
    assert deploy(history=tmp_path) == tuple(scripts)
    assert status(history=tmp_path).exit_code == 0
    made = set(read_catalog('"public"').tables)
    assert made == {"One", "Two", "Three", "Four", "_prisma_migrations"}


def test_a_byte_order_mark_belongs_to_each_accepted_checksum(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "migration.sql").write_bytes(b"\xef\xbb\xbfSELECT 1;\r\n")
    (migration,) = read_history(tmp_path)
    unix = hashlib.sha256(b"\xef\xbb\xbfSELECT 1;\n").hexdigest()
    assert migration.accepted_checksums == {migration.checksum, unix}
    assert migration.script == "SELECT 1;\r\n"


def test_a_name_may_have_200_bytes(write_history: WriteHistory) -> None:
    (migration,) = read_history(write_history(**{"x" * 185: "SELECT 1"}))
    assert len(migration.name.encode()) == 200


def test_a_missing_folder_is_named(connected: str, tmp_path: Path) -> None:
    with pytest.raises(MigrationError, match=r"folder .*elsewhere does not exist"):
        status(history=tmp_path / "elsewhere")


def test_an_empty_history_is_up_to_date_and_adopts_nothing(
    connected: str, write_history: WriteHistory
) -> None:
    folder = write_history()
    assert status(history=folder).exit_code == 0
    assert deploy(history=folder) == ()
    with pytest.raises(MigrationError, match="history is empty"):
        baseline(history=folder)
