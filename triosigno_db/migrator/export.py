"""Export the history and the schema for the Node backend's repository."""

from pathlib import Path

from triosigno_db.errors import MigrationError
from triosigno_db.migrator.exported_names import plan_folder
from triosigno_db.migrator.history import LOCK_FILE, SCRIPT_FILE, read_history, shipped_history
from triosigno_db.schema.prisma import to_prisma

SCHEMA_FILE = "schema.prisma"
MIGRATIONS_FOLDER = "migrations"


def export(folder: Path, *, history: Path | None = None) -> tuple[Path, ...]:
    """Write the history in Prisma's layout, and a `schema.prisma` generated from the models.

    The Node backend's own migrations and its lock file are not changed. What they make already is
    not written, and what comes after them gets a later date where its own is earlier.

    Args:
        folder: The target folder, such as the Node backend's `prisma/`; created if it is missing.
        history: The folder of the migrations. By default the one in the package.

    Returns:
        The files that were written.

    Raises:
        MigrationError: A file already exists there with a different text, and nothing was written;
            or the folder cannot be written.
    """
    source = history or shipped_history()
    target = folder / MIGRATIONS_FOLDER
    try:
        files = {}
        if not (target / LOCK_FILE).exists():  # that of Prisma has a comment
            files[target / LOCK_FILE] = (source / LOCK_FILE).read_bytes()
        for name, migration in plan_folder(target, read_history(source)).missing.items():
            script = (source / migration.name / SCRIPT_FILE).read_bytes()
            files[target / name / SCRIPT_FILE] = script
        files[folder / SCHEMA_FILE] = to_prisma().encode()
        for file, content in files.items():
            if file.exists() and file.read_bytes() != content:
                raise MigrationError(
                    f"{file} already exists with a different text: nothing was written."
                )
        for file, content in files.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    except OSError as exc:
        raise MigrationError(f"{folder} cannot be written: {exc.strerror}.") from exc
    return tuple(files)
