"""One table that changes, with rows, through `dev`."""

from pathlib import Path
from typing import Any

from tests.migrator.changing_models import ColumnSpec, Spec
from triosigno_db import migrator
from triosigno_db.database.execution import run_sql
from triosigno_db.migrator.history import LOCK_FILE
from triosigno_db.migrator.ledger import MigrationState

ENUM = "Level"


def thing(*labels: str, **columns: ColumnSpec) -> Spec:
    """Declare a table `Thing`, and an enum type `Level` if there are labels."""
    return Spec({"Thing": columns}, {ENUM: labels} if labels else {})


class Evolving:
    """A history in a folder, and the connected database.

    Args:
        folder: An empty folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        (folder / LOCK_FILE).write_text('provider = "postgresql"\n')

    def to(self, spec: Spec, name: str = "change", **options: Any) -> migrator.NewMigration | None:
        """Write and apply the migration to the models of a spec."""
        return migrator.dev(name, history=self.folder, models=spec.models(), **options)

    def folders(self) -> list[str]:
        """Name the migrations on disk."""
        return sorted(path.name for path in self.folder.iterdir() if path.is_dir())

    def states(self) -> list[MigrationState]:
        """Give the states of the migrations on disk."""
        return [each.state for each in migrator.status(history=self.folder).migrations]

    def undo(self, **options: Any) -> None:
        """Roll the last migration back."""
        migrator.rollback(history=self.folder, **options)

    def redo(self) -> None:
        """Deploy what was rolled back."""
        migrator.deploy(history=self.folder)


def insert(**values: Any) -> None:
    """Insert a row into `Thing`, with the number of rows as its id."""
    columns = "".join(f', "{name}"' for name in values)
    places = "".join(f", %({name})s" for name in values)
    run_sql(
        f'INSERT INTO "Thing" (id{columns}) SELECT pg_catalog.count(*)::text{places} FROM "Thing"',
        **(values or {"unused": None}),
    )


def values(column: str) -> list[Any]:
    """Read a column of `Thing`, in the order of the ids."""
    return [value for (value,) in run_sql(f'SELECT "{column}" FROM "Thing" ORDER BY id')]
