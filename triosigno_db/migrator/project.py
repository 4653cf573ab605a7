"""A service's project: the modules of its models, and the folder of its migrations."""

import importlib
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from triosigno_db.errors import InvalidInputError, MigrationError
from triosigno_db.migrator.history import Migration, read_history
from triosigno_db.migrator.order import prisma_order
from triosigno_db.migrator.script_objects import made_objects
from triosigno_db.models import MODELS, BaseModel, service_models
from triosigno_db.schema.catalog import Catalog
from triosigno_db.schema.ddl import enums
from triosigno_db.schema.prisma_migrate import LEDGER_TABLE

PROJECT_FILE = "pyproject.toml"
TABLE = "triosigno_db"
KEYS = ("models", "migrations")


@dataclass(frozen=True)
class Project:
    """A service with tables of its own.

    Attributes:
        models: The names of the modules that define its models.
        migrations: The folder of its migrations.
        folder: A folder to import the modules from, if they are not installed.
    """

    models: tuple[str, ...]
    migrations: Path
    folder: Path | None = None

    def load_models(self) -> tuple[type[BaseModel], ...]:
        """Import the modules, and list the models that they define.

        Returns:
            The models, in the order of their definition.

        Raises:
            InvalidInputError: A module does not exist, or a model has a name that is taken.
        """
        with _importing_from(self.folder):
            for name in self.models:
                _import(name)
        return tuple(model for model in service_models() if self._defines(model))

    def _defines(self, model: type) -> bool:
        return any(f"{model.__module__}.".startswith(f"{name}.") for name in self.models)


def read_project(folder: Path) -> Project | None:
    """Read the table `[tool.triosigno_db]` of a service's `pyproject.toml`.

    Args:
        folder: The folder of the file; the folders above it are searched as well.

    Returns:
        The project; `None` if no file has the table.

    Raises:
        InvalidInputError: A file cannot be read, or a key is unknown, missing or of another type.
    """
    for place in (folder.absolute(), *folder.absolute().parents):
        path = place / PROJECT_FILE
        if path.is_file() and (found := _read_table(path)) is not None:
            return _to_project(path, found)
    return None


def read_histories(
    history: Path | None = None, project: Project | None = None
) -> tuple[Migration, ...]:
    """Read the library's history and that of a service as one.

    Args:
        history: The folder of the library's migrations. By default the one in the package.
        project: The service. By default there is none.

    Returns:
        The migrations of both, in the order in which Prisma applies them.

    Raises:
        MigrationError: A folder, a file or a name is invalid or missing, or both histories have a
            migration of one name.
    """
    library = read_history(history)
    if project is None:
        return library
    if not project.migrations.is_dir():
        raise MigrationError(
            f"The folder {project.migrations} does not exist: migrate dev creates it."
        ).with_prisma_code("P3015")
    return merge(library, read_history(project.migrations))


def merge(library: tuple[Migration, ...], service: tuple[Migration, ...]) -> tuple[Migration, ...]:
    """Merge two histories in the order of their names, which begin with their dates.

    Args:
        library: The library's migrations.
        service: The service's.

    Returns:
        All of them.

    Raises:
        MigrationError: Both have a migration of one name.
    """
    names = {each.name for each in library}
    if same := [each.name for each in service if each.name in names]:
        raise MigrationError(f"The library has a migration of the same name: {', '.join(same)}.")
    return tuple(sorted((*library, *service), key=lambda each: prisma_order(each.name)))


def without_library(catalog: Catalog, library: tuple[Migration, ...]) -> Catalog:
    """Remove the library's tables and enum types from a catalog, and the ledger.

    Args:
        catalog: The catalog.
        library: The library's migrations: what they create is the library's as well, even if no
            model has it any more.

    Returns:
        The tables and enum types of services.
    """
    made = made_objects(each.script for each in library)
    tables = {model._meta.table_name for model in MODELS} | {LEDGER_TABLE}
    types = {each.__name__ for each in enums()}
    tables |= {name for kind, name in made if kind == "table"}
    types |= {name for kind, name in made if kind == "type"}
    return catalog.only(catalog.tables.keys() - tables, catalog.enums.keys() - types)


def _read_table(path: Path) -> Any:
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as exc:
        raise InvalidInputError(str(path), f"cannot be read: {exc}") from exc
    return content.get("tool", {}).get(TABLE)


def _to_project(path: Path, found: Any) -> Project:
    def refuse(key: str, why: str) -> InvalidInputError:
        return InvalidInputError(f"{path}: tool.{TABLE}{key and '.'}{key}", why)

    if not isinstance(found, dict):
        raise refuse("", "must be a table")
    for key in found:
        if key not in KEYS:
            nearest = get_close_matches(key, KEYS, n=1)
            advice = f"did you mean {nearest[0]}?" if nearest else f"there are {', '.join(KEYS)}"
            raise refuse(key, f"is unknown: {advice}")
    for key in KEYS:
        if key not in found:
            raise refuse(key, "is missing")
    models, migrations = found["models"], found["migrations"]
    if not (isinstance(models, list) and models and all(isinstance(each, str) for each in models)):
        raise refuse("models", "must be a list of the names of modules")
    if not isinstance(migrations, str):
        raise refuse("migrations", "must be the name of a folder")
    return Project(tuple(models), path.parent / migrations, path.parent)


@contextmanager
def _importing_from(folder: Path | None) -> Iterator[None]:
    path = str(folder)
    if folder is None or path in sys.path:
        yield
        return
    # Last, so that no module of the service takes the place of one that is installed.
    sys.path.append(path)
    try:
        yield
    finally:
        sys.path.remove(path)


def _import(name: str) -> None:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as exc:
        if exc.name is None or not f"{name}.".startswith(f"{exc.name}."):
            raise
        raise InvalidInputError("models", f"the module {name} does not exist") from exc
