"""A service's pyproject.toml: what it may say, and what is wrong with it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from triosigno_db.errors import InvalidInputError, MigrationError
from triosigno_db.migrator import Project, read_project, shipped_history
from triosigno_db.migrator.project import merge, read_histories
from triosigno_db.models import service_models

RIGHT = '[tool.triosigno_db]\nmodels = ["seen.models"]\nmigrations = "seen/migrations"\n'
MODELS = """\
from triosigno_db.extending import BaseModel, IdField


class Seen(BaseModel):
    id = IdField()
"""

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the file."""

    def write(text: str) -> Path:
        (tmp_path / "pyproject.toml").write_text(text)
        return tmp_path

    return write


@pytest.fixture
def package(write: Write) -> Iterator[Path]:
    """A service on disk that is not installed."""
    folder = write(RIGHT)
    (folder / "seen").mkdir()
    (folder / "seen" / "__init__.py").touch()
    (folder / "seen" / "models.py").write_text(MODELS)
    yield folder
    for name in ("seen.models", "seen"):
        sys.modules.pop(name, None)


def test_a_project_is_found_from_a_folder_inside(write: Write) -> None:
    folder = write(RIGHT)
    inside = folder / "a" / "b"
    inside.mkdir(parents=True)
    (folder / "a" / "pyproject.toml").write_text("[tool.other]\n")
    expected = Project(("seen.models",), folder / "seen" / "migrations", folder)
    assert read_project(folder) == read_project(inside) == expected


def test_a_file_without_the_table_is_no_project(write: Write) -> None:
    assert read_project(write("[project]\nname = 'x'\n")) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[tool.triosigno_db", r"pyproject\.toml: cannot be read: "),
        ("[tool]\ntriosigno_db = 1\n", r"pyproject\.toml: tool\.triosigno_db: must be a table"),
        (f"{RIGHT}modles = []\n", r"tool\.triosigno_db\.modles: is unknown: did you mean models\?"),
        (f"{RIGHT}x = 1\n", r"tool\.triosigno_db\.x: is unknown: there are models, migrations"),
        (RIGHT.replace("migrations =", "# "), r"tool\.triosigno_db\.migrations: is missing"),
        (RIGHT.replace('"seen/migrations"', "1"), r"migrations: must be the name of a folder"),
        (RIGHT.replace('["seen.models"]', '"seen"'), r"models: must be a list of the names"),
        (RIGHT.replace('["seen.models"]', "[]"), r"models: must be a list of the names"),
        (RIGHT.replace('["seen.models"]', "[1]"), r"models: must be a list of the names"),
    ],
)
def test_what_is_wrong_is_named(write: Write, text: str, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        read_project(write(text))


def test_the_modules_are_imported_from_the_folder(package: Path) -> None:
    path = list(sys.path)
    project = read_project(package)
    assert project is not None
    (model,) = project.load_models()
    assert model._meta.table_name == "Seen"
    assert service_models() == (model,)
    assert sys.path == path


def test_models_of_other_modules_are_not_the_projects(package: Path) -> None:
    (package / "seen" / "models_of_others.py").write_text(MODELS.replace("Seen", "Other"))
    (package / "seen" / "models.py").write_text(f"import seen.models_of_others\n{MODELS}")
    project = read_project(package)
    assert project is not None
    assert [model.__name__ for model in project.load_models()] == ["Seen"]
    assert [model.__name__ for model in service_models()] == ["Other", "Seen"]


def test_a_module_that_does_not_exist_is_named(write: Write) -> None:
    project = read_project(write(RIGHT.replace("seen.models", "seen.modles")))
    assert project is not None
    with pytest.raises(InvalidInputError, match=r"models: the module seen\.modles does not exist"):
        project.load_models()


def test_a_module_that_fails_says_why(package: Path) -> None:
    (package / "seen" / "models.py").write_text("import nowhere_to_be_found\n")
    project = read_project(package)
    assert project is not None
    with pytest.raises(ModuleNotFoundError, match="nowhere_to_be_found"):
        project.load_models()


def test_a_missing_folder_of_migrations_is_said(write: Write) -> None:
    with pytest.raises(MigrationError, match="migrations does not exist: migrate dev creates it"):
        read_histories(project=read_project(write(RIGHT)))


def test_two_migrations_of_one_name_are_refused() -> None:
    library = read_histories()
    with pytest.raises(MigrationError, match=r"of the same name: 20260115080000_init"):
        merge(library, library[:1])


def test_both_histories_are_in_order_of_date(tmp_path: Path) -> None:
    for name in ("20260115083000_between", "20990101000000_last"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "migration.sql").write_text(f"SELECT '{name}';")
    names = [each.name for each in read_histories(project=Project((), tmp_path))]
    library = [each.name for each in read_histories(shipped_history())]
    assert names == [library[0], "20260115083000_between", *library[1:], "20990101000000_last"]
