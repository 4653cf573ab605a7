"""`dev` for a service: its tables alone, into its folder alone."""

from pathlib import Path
from typing import Any

import pytest

import triosigno_db as db
from tests.migrator.conftest import Edit
from tests.migrator.deployed import NAMES, script_of
from tests.service_models import define_recognition
from triosigno_db.database.execution import run_sql
from triosigno_db.extending import BaseModel, IdField, TextField
from triosigno_db.migrator import Project, dev, diff, rollback, shipped_history, status
from triosigno_db.migrator.history import LOCK_FILE
from triosigno_db.models.services import forget
from triosigno_db.testing import IsolatedDatabase

PROJECT_MODULES = ("tests.service_models", __name__)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A service whose history is to begin."""
    return Project(PROJECT_MODULES, tmp_path / "recognition" / "migrations")


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def define_note(**fields: Any) -> Any:
    return type("Note", (BaseModel,), {"__module__": __name__, "id": IdField(), **fields})


def test_a_migration_has_the_services_tables_alone(
    triosigno_db: IsolatedDatabase, project: Project
) -> None:
    define_recognition()
    before = files_of(shipped_history())
    written = dev("recognitions", project=project)
    assert written is not None
    assert written.folder.parent == project.migrations
    assert 'CREATE TABLE "Recognition"' in script_of(written)
    assert 'CREATE TYPE "Handedness"' in script_of(written)
    assert script_of(written).count("CREATE TABLE") == 1
    assert 'DROP TABLE "Recognition"' in script_of(written, "down.sql")
    assert files_of(shipped_history()) == before
    assert 'provider = "postgresql"' in (project.migrations / LOCK_FILE).read_text()
    assert status(project=project).exit_code == 0
    assert diff(project=project).is_none


def test_nothing_to_do_writes_nothing(triosigno_db: IsolatedDatabase, project: Project) -> None:
    assert dev("nothing", project=project) is None
    assert not project.migrations.exists()


def test_a_second_migration_changes_what_the_first_made(
    triosigno_db: IsolatedDatabase, project: Project
) -> None:
    define_note()
    first = dev("notes", project=project, create_only=True)
    assert first is not None
    newer = first.folder.with_name(f"{NAMES[-1][:13]}1_notes")
    first.folder.rename(newer)
    forget(define_note())
    define_note(text=TextField(null=True))
    written = dev("texts", project=project)
    assert script_of(written).strip().endswith('ALTER TABLE "Note" ADD COLUMN "text" TEXT;')
    run_sql("""INSERT INTO "Note" ("id", "text") VALUES ('1', 'x')""")
    with pytest.raises(db.DataLossError, match=r"1 value of Note\.text"):
        rollback(project=project)
    assert rollback(project=project, accept_data_loss=True) == (written and written.name,)


def test_the_librarys_own_differences_are_not_the_services(
    triosigno_db: IsolatedDatabase, project: Project, history: Path, edit: Edit
) -> None:
    edit(r'    "firstName" TEXT,\n', '    "firstName" TEXT,\n    "shoeSize" INTEGER,\n')
    define_note()
    written = dev("notes", history=history, project=project, create_only=True)
    assert "shoeSize" not in script_of(written)
    assert script_of(written).count("TABLE") == 1


def test_without_a_project_the_services_tables_are_left_alone(
    triosigno_db: IsolatedDatabase, project: Project, history: Path
) -> None:
    define_note()
    dev("notes", project=project)
    assert dev("nothing", history=history) is None
    assert diff().is_none


def test_a_table_that_has_no_model_any_more_is_dropped(
    triosigno_db: IsolatedDatabase, project: Project
) -> None:
    note = define_note()
    first = dev("notes", project=project)
    assert first is not None
    first.folder.rename(first.folder.with_name(f"{NAMES[-1][:13]}1_notes"))
    run_sql(
        "UPDATE _prisma_migrations SET migration_name = %(new)s WHERE migration_name = %(old)s",
        old=first.name,
        new=f"{NAMES[-1][:13]}1_notes",
    )
    forget(note)
    assert 'DROP TABLE "Note"' in script_of(dev("no_notes", project=project))
