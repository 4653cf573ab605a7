"""Export: the history and the schema, for the repository of the Node side."""

import shutil
from pathlib import Path

from triosigno_db.errors import MigrationError
from triosigno_db.migrator.history import LOCK_FILE, SCRIPT_FILE, read_history, shipped_history
from triosigno_db.schema.prisma import to_prisma

SCHEMA_FILE = "schema.prisma"
MIGRATIONS_FOLDER = "migrations"


def export(folder: Path, *, history: Path | None = None) -> tuple[Path, ...]:
    """Write the history in Prisma's layout, and a `schema.prisma` written from the models.

    Other migrations in the folder, those of the Node side, stay as they are.

    Args:
        folder: Where to write, such as the Node side's `prisma/`; created where it is missing.
        history: The history's folder; the one that ships with the package where it is missing.

    Returns:
        The files written.

    Raises:
        MigrationError: A migration exists there with another text, and nothing was written;
            or the folder can't be written.
    """
    source = history or shipped_history()
    target = folder / MIGRATIONS_FOLDER
    pairs = [(source / LOCK_FILE, target / LOCK_FILE)]
    for migration in read_history(source):
        there = target / migration.name / SCRIPT_FILE
        pairs.append((source / migration.name / SCRIPT_FILE, there))
        if there.exists() and there.read_bytes() != migration.script.encode():
            raise MigrationError(f"{there} exists with another text; nothing was written.")
    schema = folder / SCHEMA_FILE
    try:
        for origin, copy in pairs:
            copy.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(origin, copy)
        schema.write_text(to_prisma(), encoding="utf-8")
    except OSError as exc:
        raise MigrationError(f"{folder} can't be written: {exc.strerror}.") from exc
    return (*(copy for _, copy in pairs), schema)
