"""Roll back: what holds rows is counted and refused, what was only marked is never undone."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import triosigno_db as db
from tests.plain_sql import run_plain
from triosigno_db import migrator
from triosigno_db.testing.factories import make_sign, make_user

NAMES = [each.name for each in migrator.read_history()]

WriteHistory = Callable[..., Path]


@pytest.fixture
def url(empty_url: str) -> str:
    """A deployed database with accounts and a sign."""
    migrator.deploy(empty_url)
    db.connect(empty_url, password_cost=4)
    for _ in range(3):
        make_user()
    make_sign()
    return empty_url


def states(url: str) -> list[str]:
    return [each.state.value for each in migrator.status(url).migrations]


def test_the_rows_of_dropped_tables_are_counted(url: str) -> None:
    with pytest.raises(db.DataLossError) as caught:
        migrator.rollback(url, steps=99)
    told = str(caught.value)
    assert "3 rows of User, " in told
    assert "3 rows of UserPreference" in told
    assert "1 row of Sign, " in told
    assert "LessonSign" not in told
    assert states(url) == ["applied"] * len(NAMES)
    assert db.count_users() == 3


def test_an_accepted_loss_is_done(url: str) -> None:
    assert migrator.rollback(url, steps=99, accept_data_loss=True) == tuple(NAMES[::-1])
    assert states(url) == ["rolled back"] * len(NAMES)


def test_what_holds_no_rows_is_undone_without_a_word(url: str) -> None:
    assert migrator.rollback(url, to=NAMES[0]) == tuple(NAMES[:0:-1])
    assert db.count_users() == 3


def test_the_values_of_a_dropped_column_are_counted(
    empty_url: str, write_history: WriteHistory
) -> None:
    folder = write_history(
        a=("CREATE TABLE notes (id int, text text);", "DROP TABLE notes;"),
        b=("ALTER TABLE notes ADD COLUMN colour text;", "ALTER TABLE notes DROP COLUMN colour;"),
    )
    migrator.deploy(empty_url, history=folder)
    run_plain(empty_url, "INSERT INTO notes VALUES (1, 'a', 'red'), (2, 'b', NULL)")
    with pytest.raises(db.DataLossError, match=r"lost: 1 value of notes\.colour\."):
        migrator.rollback(empty_url, history=folder)
    with pytest.raises(db.DataLossError, match="lost: 2 rows of notes"):
        migrator.rollback(empty_url, history=folder, steps=2)
    run_plain(empty_url, "UPDATE notes SET colour = NULL")
    assert migrator.rollback(empty_url, history=folder) == ("20260101000002_b",)


def test_what_can_not_be_tried_is_refused(empty_url: str, write_history: WriteHistory) -> None:
    down = "-- triosigno-db: no-transaction\nDROP TABLE notes;"
    folder = write_history(a=("CREATE TABLE notes (id int);", down))
    migrator.deploy(empty_url, history=folder)
    with pytest.raises(db.DataLossError, match="can't be tried"):
        migrator.rollback(empty_url, history=folder)
    assert migrator.rollback(empty_url, history=folder, accept_data_loss=True)


def mark_by_baseline(url: str) -> Any:
    db.connect(url, password_cost=4)
    db.create_schema()
    make_user()
    return migrator.baseline(url)


def mark_by_resolving(url: str) -> Any:
    for name in NAMES:
        migrator.resolve_applied(name, url)


@pytest.mark.parametrize("mark", [mark_by_baseline, mark_by_resolving])
@pytest.mark.parametrize("accept", [False, True])
def test_what_was_only_marked_is_never_undone(
    empty_url: str, mark: Callable[[str], Any], accept: bool
) -> None:
    mark(empty_url)
    before = states(empty_url)
    with pytest.raises(db.MigrationError, match="Only marked as applied"):
        migrator.rollback(empty_url, steps=99, accept_data_loss=accept)
    assert states(empty_url) == before


def test_reset_counts_the_rows_too(url: str) -> None:
    with pytest.raises(db.DataLossError, match="3 rows of User"):
        migrator.reset(url)
    assert db.count_users() == 3
    migrator.reset(url, accept_data_loss=True)
    assert db.count_users() == 0


def test_drop_schema_counts_the_rows_too(url: str) -> None:
    with pytest.raises(db.DataLossError, match="3 rows of User"):
        db.drop_schema()
    assert db.count_users() == 3
    db.drop_schema(accept_data_loss=True)
    with pytest.raises(db.SchemaMismatchError):
        db.count_users()


def test_a_migration_under_another_name_in_the_ledger_is_rolled_back(url: str) -> None:
    later = "20281125110000_summary_index"
    run_plain(
        url,
        'UPDATE "_prisma_migrations" SET migration_name = %s WHERE migration_name = %s',
        (later, NAMES[-1]),
    )
    assert migrator.rollback(url) == (NAMES[-1],)
    assert states(url) == [*["applied"] * (len(NAMES) - 1), "rolled back"]
    assert migrator.deploy(url) == (NAMES[-1],)
    assert migrator.status(url).migrations[-1].recorded_name == later
