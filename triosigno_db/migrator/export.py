"""Export the history and the schema for the Node backend's repository."""

import shutil
from pathlib import Path

from triosigno_db.errors import MigrationError
from triosigno_db.migrator.history import LOCK_FILE, SCRIPT_FILE, read_history, shipped_history
from triosigno_db.schema.prisma import to_prisma

SCHEMA_FILE = "schema.prisma"
MIGRATIONS_FOLDER = "migrations"


def export(folder: Path, *, history: Path | None = None) -> tuple[Path, ...]:
    """Write the history in Prisma's layout, and a `schema.prisma` generated from the models.

    Other migrations in the folder, such as those of the Node backend, are not changed.

    Args:
        folder: The target folder, such as the Node backend's `prisma/`; created if it is missing.
        history: The folder of the migrations. By default the one in the package.

    Returns:
        The files that were written.

    Raises:
        MigrationError: A migration already exists there with a different text, and nothing was
            written; or the folder cannot be written.
    """
    source = history or shipped_history()
    target = folder / MIGRATIONS_FOLDER
    pairs = [(source / LOCK_FILE, target / LOCK_FILE)]
    for migration in read_history(source):
        there = target / migration.name / SCRIPT_FILE
        pairs.append((source / migration.name / SCRIPT_FILE, there))
        if there.exists() and there.read_bytes() != migration.script.encode():
            raise MigrationError(
                f"{there} already exists with a different text: nothing was written."
            )
    schema = folder / SCHEMA_FILE
    try:
        for origin, copy in pairs:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(origin, copy)
        schema.write_text(to_prisma(), encoding="utf-8")
    except OSError as exc:
        raise MigrationError(f"{folder} cannot be written: {exc.strerror}.") from exc
    return (*(copy for _, copy in pairs), schema)
