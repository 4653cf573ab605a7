"""The test kit in the folder of a service that has tables of its own."""

import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tests.testing.service import RunTests
from triosigno_db import migrator
from triosigno_db.testing import DatabaseServer

PROJECT = '[tool.triosigno_db]\nmodels = ["seen"]\nmigrations = "migrations"\n'
MODELS = """
    from triosigno_db.extending import BaseModel, ForeignKey, IdField
    from triosigno_db.models import User

    class Seen(BaseModel):
        id = IdField()
        user = ForeignKey(User, backref="seen", on_delete="CASCADE", index=True)
"""
TESTS = """
    import triosigno_db as db
    from seen import Seen
    from triosigno_db import migrator
    from triosigno_db.testing import factories

    def test_both_histories_are_deployed(triosigno_db, triosigno_project):
        assert migrator.status(project=triosigno_project).exit_code == 0
        user = factories.make_user()
        row = factories.make_row(Seen, user=user.id)
        assert db.export_user(user.id).service_tables == {
            "Seen": ({"id": row.id, "userId": user.id},)
        }

    def test_each_test_has_an_empty_table(triosigno_db):
        with db.connection():
            assert Seen.select().count() == 0
"""


@pytest.fixture
def service(tmp_path: Path, triosigno_server: DatabaseServer) -> Path:
    """A service whose first migration is written."""
    (tmp_path / "seen.py").write_text(dedent(MODELS))
    name = triosigno_server.new_name()
    url = triosigno_server.create_database(name)
    project = migrator.Project(("seen",), tmp_path / "migrations", tmp_path)
    migrator.dev("seen", url, project=project, create_only=True)
    triosigno_server.drop_database(name)
    del sys.modules["seen"]
    return tmp_path


def test_the_services_migrations_are_deployed(service: Path, run_tests: RunTests) -> None:
    (service / "pyproject.toml").write_text(PROJECT)
    (service / "conftest.py").touch()  # pytest puts the folder on the path of imports
    outcome = run_tests(TESTS)
    assert outcome.returncode == 0, outcome.stdout
    assert "2 passed" in outcome.stdout


def test_a_test_suite_may_name_its_project(service: Path, run_tests: RunTests) -> None:
    (service / "conftest.py").write_text(
        dedent("""
            from pathlib import Path

            import pytest
            from triosigno_db.migrator import Project

            @pytest.fixture(scope="session")
            def triosigno_project():
                return Project(("seen",), Path("migrations"))
        """)
    )
    outcome = run_tests(TESTS)
    assert outcome.returncode == 0, outcome.stdout


def test_a_wrong_file_fails_the_tests_with_its_text(service: Path, run_tests: RunTests) -> None:
    (service / "pyproject.toml").write_text(PROJECT.replace("models", "modles"))
    outcome = run_tests(TESTS)
    assert outcome.returncode == 1
    assert "did you mean models?" in outcome.stdout
