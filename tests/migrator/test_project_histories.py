"""The library's history and those of two services in one database, with one ledger."""

from collections.abc import Callable
from pathlib import Path

import pytest

import triosigno_db as db
from tests.migrator.deployed import NAMES, tables
from triosigno_db.database.execution import run_sql
from triosigno_db.errors import MigrationBlockedError, MigrationError, MigrationFailedError
from triosigno_db.migrator import (
    MigrationState,
    Project,
    deploy,
    diff,
    reset,
    resolve_rolled_back,
    rollback,
    status,
)
from triosigno_db.testing.factories import make_user

FIRST, SECOND = "20261201100000_seen", "20261201110000_heard"

UP = """
CREATE TABLE "{table}" ("id" TEXT PRIMARY KEY, "userId" TEXT NOT NULL REFERENCES "User" ("id"));
"""

MakeProject = Callable[[str, str], Project]


@pytest.fixture
def project_of(tmp_path: Path) -> MakeProject:
    """A service with one migration, which makes one table with a key to `User`."""

    def make(migration: str, table: str) -> Project:
        folder = tmp_path / table / migration
        folder.mkdir(parents=True)
        (folder / "migration.sql").write_text(UP.format(table=table))
        (folder / "down.sql").write_text(f'DROP TABLE "{table}";\n')
        return Project((), folder.parent)

    return make


@pytest.fixture
def seen(project_of: MakeProject) -> Project:
    """One service."""
    return project_of(FIRST, "Seen")


@pytest.fixture
def heard(project_of: MakeProject) -> Project:
    """Another one, which does not know the first."""
    return project_of(SECOND, "Heard")


def unknown(project: Project | None) -> tuple[str, ...]:
    return status(project=project).named(MigrationState.UNKNOWN)


def test_both_histories_are_deployed_in_order_of_date(connected: str, seen: Project) -> None:
    early = seen.migrations / "20260115083000_early"
    early.mkdir()
    (early / "migration.sql").write_text('ALTER TABLE "User" ADD COLUMN "seen" TEXT;')
    expected = (NAMES[0], early.name, *NAMES[1:], FIRST)
    assert status(project=seen).pending == expected
    assert deploy(project=seen) == expected
    assert deploy(project=seen) == ()
    assert status(project=seen).exit_code == 0
    assert "Seen" in tables()


def test_neither_service_disturbs_the_other(connected: str, seen: Project, heard: Project) -> None:
    assert deploy(project=heard) == (*NAMES, SECOND)
    assert deploy(project=seen) == (FIRST,)
    assert unknown(seen) == (SECOND,)
    assert unknown(heard) == (FIRST,)
    assert unknown(None) == (FIRST, SECOND)
    assert [status(project=each).exit_code for each in (seen, heard, None)] == [0, 0, 0]
    assert [deploy(project=each) for each in (seen, heard, None)] == [(), (), ()]
    assert diff(project=None).is_none
    # The last one of the service and the library, not of the other service.
    assert rollback(project=seen) == (FIRST,)
    assert "Heard" in tables()
    assert status(project=heard).exit_code == 0
    assert deploy(project=seen) == (FIRST,)


def test_a_reset_does_not_drop_what_another_service_has(
    connected: str, seen: Project, heard: Project
) -> None:
    deploy(project=heard)
    deploy(project=seen)
    user = make_user()
    run_sql("""INSERT INTO "Heard" VALUES ('1', %(user)s)""", user=user.id)
    for project in (seen, None):
        with pytest.raises(MigrationError, match=f"{SECOND}.*Nothing was dropped"):
            reset(project=project, accept_data_loss=True)
    assert run_sql('SELECT "userId" FROM "Heard"') == [(user.id,)]
    assert {"Seen", "Heard", "User"} <= tables()


def test_a_reset_of_one_service_alone_makes_all_again(connected: str, seen: Project) -> None:
    deploy(project=seen)
    run_sql("""INSERT INTO "Seen" VALUES ('1', %(user)s)""", user=make_user().id)
    with pytest.raises(db.DataLossError, match="1 row of Seen"):
        reset(project=seen)
    assert reset(project=seen, accept_data_loss=True) == (*NAMES, FIRST)
    assert run_sql('SELECT count(*) FROM "Seen"') == [(0,)]


def test_a_librarys_migration_that_a_service_needs_is_not_rolled_back(
    connected: str, seen: Project
) -> None:
    deploy(project=seen)
    before = status().migrations, tables()
    with pytest.raises(MigrationBlockedError, match='table "Seen" depends on table "User"'):
        rollback(steps=len(NAMES), accept_data_loss=False)
    assert (status().migrations, tables()) == before


def test_a_failed_migration_of_a_service_is_resolved_by_it(connected: str, seen: Project) -> None:
    script = seen.migrations / FIRST / "migration.sql"
    script.write_text('-- triosigno-db: no-transaction\nCREATE TABLE "Seen" ();\nSELECT 1/0;\n')
    with pytest.raises(MigrationFailedError):
        deploy(project=seen)
    assert status(project=seen).exit_code == 2
    resolve_rolled_back(FIRST, project=seen)
    assert status(project=seen).pending == (FIRST,)
