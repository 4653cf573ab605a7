"""Writing the next migration, and resetting a database."""

import errno
import os
import re
import shutil
from pathlib import Path

import pytest

import triosigno_db as db
from tests.migrator.conftest import Edit
from tests.migrator.deployed import (
    CHECKS,
    INDEXES,
    NAMES,
    declared,
    script_of,
    sorted_schema,
)
from triosigno_db.database.execution import run_sql
from triosigno_db.errors import DataLossError, InUseError, InvalidInputError, MigrationError
from triosigno_db.migrator import (
    deploy,
    dev,
    reset,
    rollback,
    status,
)
from triosigno_db.schema.catalog import compare, read_catalog


def test_nothing_to_do_writes_nothing(connected: str, history: Path) -> None:
    before = sorted(history.rglob("*"))
    assert dev("nothing", history=history, create_only=True) is None
    assert sorted(history.rglob("*")) == before
    assert read_catalog('"public"').tables == {}


def test_what_is_pending_is_deployed_first(connected: str, history: Path) -> None:
    deployed: list[tuple[str, ...]] = []
    assert dev("nothing", history=history, on_deployed=deployed.append) is None
    assert deployed == [NAMES]
    assert status(history=history).exit_code == 0
    rollback(history=history)
    assert dev("nothing", history=history, on_deployed=deployed.append) is None
    assert deployed == [NAMES, NAMES[-1:]]
    assert dev("nothing", history=history, on_deployed=deployed.append) is None
    assert len(deployed) == 2


def test_what_the_history_lacks_is_written_and_applied(
    connected: str, triosigno_url: str, history: Path
) -> None:
    for name in (INDEXES, CHECKS):
        shutil.rmtree(history / name)
    written = dev("catch_up", history=history)
    assert written is not None
    assert written.applied
    assert re.fullmatch(r"\d{14}_catch_up", written.name)
    assert 'CREATE INDEX "Sign_categoryId_idx"' in script_of(written)
    assert script_of(written).count("NOT VALID") == 10
    assert 'DROP INDEX "Sign_categoryId_idx"' in script_of(written, "down.sql")
    assert status(history=history).exit_code == 0
    there = sorted_schema()
    assert compare(declared(triosigno_url), there) == ()


def test_what_was_written_can_be_undone(connected: str, history: Path) -> None:
    shutil.rmtree(history / CHECKS)
    deploy(history=history)
    before = sorted_schema()
    dev("checks", history=history)
    assert sorted_schema() != before
    rollback(history=history)
    assert sorted_schema() == before


def test_create_only_applies_nothing(connected: str, history: Path) -> None:
    shutil.rmtree(history / CHECKS)
    written = dev("checks", history=history, create_only=True)
    assert written is not None
    assert not written.applied
    assert read_catalog('"public"').tables == {}
    others = [name for name in NAMES if name != CHECKS]
    assert status(history=history).pending == (*others, written.name)


def test_a_loss_stops_before_anything_is_written(connected: str, history: Path, edit: Edit) -> None:
    edit(r'    "firstName" TEXT,\n', '    "firstName" TEXT,\n    "shoeSize" INTEGER,\n')
    deploy(history=history)
    user = db.create_user(db.NewUser(email="a@example.org", username="a", password="b"))
    run_sql('UPDATE "User" SET "shoeSize" = 42')
    with pytest.raises(DataLossError, match=r"the column User.shoeSize \(1 row\)"):
        dev("no_shoes", history=history)
    assert len(list(history.glob("2*"))) == len(NAMES)
    dev("no_shoes", history=history, accept_data_loss=True)
    assert db.get_user_with_preferences(user.id) == user
    assert status(history=history).exit_code == 0


def test_a_column_without_values_is_no_loss(connected: str, history: Path, edit: Edit) -> None:
    edit(r'    "firstName" TEXT,\n', '    "firstName" TEXT,\n    "shoeSize" INTEGER,\n')
    deploy(history=history)
    db.create_user(db.NewUser(email="a@example.org", username="a", password="b"))
    assert "DROP COLUMN" in script_of(dev("no_shoes", history=history))


@pytest.mark.parametrize("name", ["", "Add Streaks", "été", "a-b", "../x"])
def test_a_bad_name_is_refused(connected: str, history: Path, name: str) -> None:
    with pytest.raises(InvalidInputError, match="name"):
        dev(name, history=history)


def test_a_folder_that_can_not_be_written_is_named(
    connected: str, history: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk can't be had in a test: the second file is refused instead."""
    shutil.rmtree(history / CHECKS)
    write = Path.write_bytes

    def refuse_down(path: Path, content: bytes) -> int:
        if path.name == "down.sql":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(path, content)

    monkeypatch.setattr(Path, "write_bytes", refuse_down)
    with pytest.raises(MigrationError, match="cannot be written: No space left"):
        dev("checks", history=history)
    assert len(list(history.glob("2*"))) == len(NAMES) - 1


def test_reset_starts_over(connected: str) -> None:
    deploy()
    db.create_user(db.NewUser(email="a@example.org", username="a", password="b"))
    run_sql('CREATE TABLE "Other" ()')
    assert reset(accept_data_loss=True) == tuple(NAMES)
    assert run_sql('SELECT count(*) FROM "User"') == [(0,)]
    assert status().exit_code == 0


def test_reset_spares_a_history_of_others(connected: str) -> None:
    deploy()
    run_sql(
        'INSERT INTO "_prisma_migrations" (id, checksum, migration_name, finished_at) '
        "VALUES ('x', 'y', '20250301000000_theirs', now())"
    )
    with pytest.raises(MigrationError, match="20250301000000_theirs"):
        reset()
    assert "User" in read_catalog('"public"').tables


def test_reset_spares_what_others_need(connected: str) -> None:
    deploy()
    run_sql('CREATE VIEW v AS SELECT id FROM "User"')
    with pytest.raises(InUseError, match="view v"):
        reset()
    assert "User" in read_catalog('"public"').tables
