"""Prisma's engine on a database with a service's tables: before, and after an export."""

import sys
from pathlib import Path

import pytest

from tests.interop.conftest import Engine
from tests.interop.node import NEEDS_NODE
from tests.service_models import define_recognition
from triosigno_db.extending import BaseModel, ForeignKey, IdField
from triosigno_db.migrator import (
    Project,
    deploy,
    dev,
    diff,
    export,
    read_history,
    read_project,
    status,
)
from triosigno_db.migrator.project import read_histories
from triosigno_db.models import User, service_models

pytestmark = NEEDS_NODE

EXAMPLE = Path(__file__).parents[2] / "examples" / "recognition"
NO_DIFFERENCE = {"script": "-- This is an empty migration.\n", "differs": False}


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A service whose history is to begin."""
    return Project(("tests.service_models",), tmp_path / "service")


def names(project: Project) -> list[str]:
    return [each.name for each in read_histories(project=project)]


def test_prisma_sees_the_services_tables_after_an_export(
    connected: str, prisma: Engine, tmp_path: Path, project: Project
) -> None:
    node = tmp_path / "prisma"
    export(node)
    assert prisma("deploy", migrations=node / "migrations") == {
        "applied": [each.name for each in read_history()]
    }
    define_recognition()
    dev("recognitions", project=project)
    # The Node side has not been told: a table, a row of the ledger that its folder lacks.
    assert "Recognition" in prisma("diff", schema=node / "schema.prisma")["script"]
    assert prisma("diagnose", migrations=node / "migrations")["history"] is not None
    export(node, project=project)
    assert prisma("diff", schema=node / "schema.prisma") == NO_DIFFERENCE
    assert prisma("diagnose", migrations=node / "migrations") == {
        "edited": [],
        "failed": [],
        "hasTable": True,
        "history": None,
    }
    assert prisma("deploy", migrations=node / "migrations") == {"applied": []}
    assert status(project=project).exit_code == 0


def test_prisma_deploys_the_services_history(
    connected: str, prisma: Engine, tmp_path: Path, project: Project, empty_url: str
) -> None:
    define_recognition()
    dev("recognitions", project=project, create_only=True)
    node = tmp_path / "prisma"
    export(node, project=project)
    applied = prisma("deploy", migrations=node / "migrations")["applied"]
    assert applied == names(project)
    assert deploy(project=project) == ()
    assert diff(project=project).is_none
    assert prisma("diff", schema=node / "schema.prisma") == NO_DIFFERENCE


def test_prisma_sees_no_difference_with_the_example(
    connected: str, prisma: Engine, tmp_path: Path
) -> None:
    project = read_project(EXAMPLE)
    assert project is not None
    node = tmp_path / "prisma"
    export(node)
    deploy()
    assert prisma("diff", schema=node / "schema.prisma") == NO_DIFFERENCE
    assert deploy(project=project) == (names(project)[-1],)
    export(node, project=project)
    try:
        assert prisma("diff", schema=node / "schema.prisma") == NO_DIFFERENCE
        assert prisma("diagnose", migrations=node / "migrations")["history"] is None
        assert diff(project=project).is_none
    finally:
        for module in ("recognition.models", "recognition"):
            sys.modules.pop(module, None)


def test_two_services_export_into_one_folder(
    connected: str, prisma: Engine, tmp_path: Path, project: Project
) -> None:
    class Note(BaseModel):
        id = IdField()
        user = ForeignKey(User, backref="notes", on_delete="CASCADE", index=True)

    define_recognition()
    assert len(service_models()) == 2
    other = Project((__name__,), tmp_path / "other")
    dev("recognitions", project=project)
    dev("notes", project=other)
    node = tmp_path / "prisma"
    for each in (project, other, project):
        export(node, project=each, url_or_settings=connected)
    assert prisma("diff", schema=node / "schema.prisma") == NO_DIFFERENCE
    assert prisma("diagnose", migrations=node / "migrations")["history"] is None
    assert export(node, project=other, check=True).is_complete
    assert [status(project=each).exit_code for each in (project, other)] == [0, 0]
