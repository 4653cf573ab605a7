"""Writing the next migration, starting over, comparing, exporting, looking for broken rows."""

import errno
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import triosigno_db as db
from triosigno_db.database.execution import run_sql
from triosigno_db.errors import DataLossError, InUseError, InvalidInputError, MigrationError
from triosigno_db.migrator import (
    NewMigration,
    Rename,
    deploy,
    dev,
    diff,
    export,
    reset,
    rollback,
    shipped_history,
    status,
)
from triosigno_db.migrator.diff import without_positions
from triosigno_db.schema.catalog import Catalog, compare, read_catalog

NAMES = [path.name for path in sorted(shipped_history().glob("2*"))]
INIT, INDEXES, CHECKS, _, SEARCH, *_ = NAMES
Edit = Callable[[str, str], None]


@pytest.fixture
def history(tmp_path: Path) -> Path:
    """A copy of the shipped history, to be changed."""
    folder = tmp_path / "migrations"
    shutil.copytree(shipped_history(), folder)
    return folder


@pytest.fixture
def edit(history: Path) -> Edit:
    """Change the history's text, as if the models had been different when it began."""

    def edit(pattern: str, replacement: str) -> None:
        path = history / INIT / "migration.sql"
        text, times = re.subn(pattern, replacement, path.read_text(), flags=re.DOTALL)
        assert times
        path.write_text(text)
        search = history / SEARCH / "migration.sql"
        search.write_text(re.sub(pattern, replacement, search.read_text()))

    return edit


def schema() -> Catalog:
    catalog = read_catalog('"public"')
    return without_positions(
        catalog.only(catalog.tables.keys() - {"_prisma_migrations"}, catalog.enums)
    )


def declared(url: str) -> Catalog:
    """What the models declare, from a database that has the schema."""
    db.disconnect()
    db.connect(url)
    catalog = schema()
    db.disconnect()
    return catalog


def script_of(written: NewMigration | None, file: str = "migration.sql") -> str:
    assert written is not None
    return (written.folder / file).read_text()


def test_nothing_to_do_writes_nothing(connected: str, history: Path) -> None:
    before = sorted(history.rglob("*"))
    assert dev("nothing", history=history) is None
    assert sorted(history.rglob("*")) == before
    assert read_catalog('"public"').tables == {}


def test_what_the_history_lacks_is_written_and_applied(
    connected: str, url: str, history: Path
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
    there = schema()
    assert compare(declared(url), there) == ()


def test_what_was_written_can_be_undone(connected: str, history: Path) -> None:
    shutil.rmtree(history / CHECKS)
    deploy(history=history)
    before = schema()
    dev("checks", history=history)
    assert schema() != before
    rollback(history=history)
    assert schema() == before


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
    with pytest.raises(DataLossError, match=r"the column User.shoeSize \(1 rows\)"):
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


def test_a_rename_keeps_the_values(connected: str, url: str, history: Path, edit: Edit) -> None:
    edit('"firstName"', '"givenName"')
    asked: list[str] = []

    def agree(rename: Rename) -> bool:
        asked.append(f"{rename.what} to {rename.new_name}")
        return True

    deploy(history=history)
    run_sql(
        'INSERT INTO "User" (id, email, username, password, "givenName", "updatedAt") VALUES '
        "('7b1b0f5e-58a4-4b56-9a2c-8c7a4a1f7b11', 'a@b.org', 'a', 'x', 'Zoé', now())"
    )
    written = dev("first_name", history=history, is_rename=agree)
    assert asked == ["column User.givenName to firstName"]
    assert "RENAME COLUMN" in script_of(written)
    assert "DROP" not in script_of(written)
    user = db.get_user_with_preferences("7b1b0f5e-58a4-4b56-9a2c-8c7a4a1f7b11")
    assert user.first_name == "Zoé"
    rollback(history=history)
    assert run_sql('SELECT "givenName" FROM "User"') == [("Zoé",)]
    deploy(history=history)
    there = schema()
    assert compare(declared(url), there) == ()


def test_a_renamed_table_takes_its_keys_and_indexes_along(
    connected: str, url: str, history: Path, edit: Edit
) -> None:
    for path in history.rglob("*.sql"):
        path.write_text(re.sub(r'"Achievement(_|")', r'"Badge\1', path.read_text()))
    deploy(history=history)
    run_sql(
        "INSERT INTO \"Badge\" VALUES ('id', 'first', '', 'https://example.org', 1, now(), now())"
    )
    written = dev("badge", history=history, is_rename=lambda _: True)
    assert "DROP" not in script_of(written)
    assert 'RENAME TO "Achievement"' in script_of(written)
    assert run_sql('SELECT name FROM "Achievement"') == [("first",)]
    rollback(history=history)
    assert run_sql('SELECT name FROM "Badge"') == [("first",)]
    deploy(history=history)
    there = schema()
    assert compare(declared(url), there) == ()


def test_what_is_no_rename_is_dropped_and_added(connected: str, history: Path, edit: Edit) -> None:
    edit('"firstName"', '"givenName"')
    written = dev("first_name", history=history, is_rename=lambda _: False)
    assert "DROP COLUMN" in script_of(written)
    assert "ADD COLUMN" in script_of(written)


@pytest.mark.parametrize("name", ["", "Add Streaks", "été", "a-b", "../x"])
def test_a_bad_name_is_refused(connected: str, history: Path, name: str) -> None:
    with pytest.raises(InvalidInputError, match="name"):
        dev(name, history=history)


def test_no_shadow_database_is_left(connected: str, history: Path) -> None:
    dev("nothing", history=history)
    (history / INIT / "migration.sql").write_text("SELECT 1 / 0;")
    with pytest.raises(db.TrioSignoDBError):
        diff(history=history)
    names = run_sql("SELECT datname FROM pg_database WHERE datname LIKE 'triosigno_shadow%%'")
    assert names == []


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
    with pytest.raises(MigrationError, match="can't be written: No space left"):
        dev("checks", history=history)
    assert len(list(history.glob("2*"))) == len(NAMES) - 1


def test_export_into_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "prisma").write_text("a file")
    with pytest.raises(MigrationError, match="can't be written"):
        export(tmp_path / "prisma")


def test_a_deployed_database_shows_no_drift(connected: str) -> None:
    deploy()
    drift = diff()
    assert drift.is_none
    assert drift.sql == ""


def test_drift_is_told_against_history_and_models(connected: str, url: str) -> None:
    deploy()
    run_sql(
        'DROP INDEX "Sign_categoryId_idx"; ALTER TABLE "Progress" '
        'DROP CONSTRAINT "Progress_attempts_check"; ALTER TABLE "Sign" ADD COLUMN "x" TEXT;'
        'ALTER TYPE "UserRole" ADD VALUE \'GUEST\'; CREATE TABLE "Other" ()'
    )
    drift = diff()
    assert {each.what for each in drift.from_history} == {
        'index "Sign_categoryId_idx" of "Sign"',
        'constraint "Progress_attempts_check" of "Progress"',
        'column "Sign"."x"',
        'enum "UserRole"',
    }
    assert {each.what for each in drift.from_models} == {each.what for each in drift.from_history}
    run_sql(drift.sql)
    assert diff().is_none


def test_reset_starts_over(connected: str) -> None:
    deploy()
    db.create_user(db.NewUser(email="a@example.org", username="a", password="b"))
    run_sql('CREATE TABLE "Other" ()')
    assert reset() == tuple(NAMES)
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


def test_export_writes_prisma_s_layout(tmp_path: Path) -> None:
    written = export(tmp_path / "prisma")
    assert {str(path.relative_to(tmp_path)) for path in written} == {
        "prisma/schema.prisma",
        "prisma/migrations/migration_lock.toml",
        *(f"prisma/migrations/{name}/migration.sql" for name in NAMES),
    }
    for name in NAMES:
        copy = tmp_path / "prisma" / "migrations" / name / "migration.sql"
        assert copy.read_bytes() == (shipped_history() / name / "migration.sql").read_bytes()
    assert "@@index([categoryId])" in (tmp_path / "prisma" / "schema.prisma").read_text()


def test_export_never_overwrites_another_text(tmp_path: Path) -> None:
    export(tmp_path)
    changed = tmp_path / "migrations" / INDEXES / "migration.sql"
    changed.write_text("-- ours")
    (tmp_path / "schema.prisma").unlink()
    with pytest.raises(MigrationError, match="another text"):
        export(tmp_path)
    assert not (tmp_path / "schema.prisma").exists()
    assert changed.read_text() == "-- ours"


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
