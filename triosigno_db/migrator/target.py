"""What `dev` writes a migration for: the library's tables, or those of a service."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from triosigno_db.migrator.history import Migration, read_history, shipped_history
from triosigno_db.migrator.own_history import read_own_history
from triosigno_db.migrator.project import Project, merge, without_library
from triosigno_db.models import MODELS, BaseModel
from triosigno_db.schema.catalog import Catalog


class Target(NamedTuple):
    """What a new migration is written for.

    Attributes:
        folder: The folder that it is written to.
        migrations: The migrations before it.
        models: The models that all tables are made from.
        library: The library's migrations, whose objects are not a service's; `None` if the new
            migration is one of them.
    """

    folder: Path
    migrations: tuple[Migration, ...]
    models: tuple[type[BaseModel], ...]
    library: tuple[Migration, ...] | None

    def own(self, catalog: Catalog) -> Catalog:
        """Keep what the new migration may change.

        Args:
            catalog: A catalog of all tables.

        Returns:
            The whole catalog for the library; for a service its tables and enum types.
        """
        return catalog if self.library is None else without_library(catalog, self.library)


def find_target(
    history: Path | None, project: Project | None, models: Sequence[type[BaseModel]] = MODELS
) -> Target:
    """Find what to write a migration for.

    Args:
        history: The folder of the library's migrations. By default the one in the package.
        project: The service. By default the migration is the library's.
        models: The library's models.

    Returns:
        The target.

    Raises:
        MigrationError: A folder, a name, a file or a statement of the history does not have the
            form that `dev` writes.
        InvalidInputError: A module of the project does not exist, or a model has a taken name.
    """
    if project is None:
        folder = history or shipped_history()
        return Target(folder, read_own_history(folder), tuple(models), None)
    library = read_history(history)
    service = read_own_history(project.migrations, may_be_new=True)
    declared = (*models, *project.load_models())
    return Target(project.migrations, merge(library, service), declared, library)
