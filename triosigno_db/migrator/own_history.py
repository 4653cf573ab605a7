"""The form of the histories that `dev` writes, which is stricter than what Prisma accepts."""

import codecs
import re
from pathlib import Path

from triosigno_db.errors import MigrationError
from triosigno_db.migrator.history import LOCK_FILE, SCRIPT_FILE, Migration, read_history
from triosigno_db.migrator.script import is_marked, split_statements

_NAME = re.compile(r"[0-9]{14}_[a-z0-9_]+")


def read_own_history(folder: Path) -> tuple[Migration, ...]:
    """Read a history that `dev` continues, and check its form.

    Args:
        folder: The folder of the migrations.

    Returns:
        The migrations in order.

    Raises:
        MigrationError: A folder, a name, a file or a statement does not have the form.
    """
    migrations = read_history(folder)
    if not (folder / LOCK_FILE).exists():
        raise MigrationError(f"{folder / LOCK_FILE} is missing.").with_prisma_code("P3015")
    _check_names([migration.name for migration in migrations])
    for migration in migrations:
        _check_file(folder / migration.name / SCRIPT_FILE)
        check_script(migration)
    _check_checksums(migrations)
    return migrations


def check_script(migration: Migration) -> None:
    """Check that a script does not control its own transaction.

    Args:
        migration: The migration.

    Raises:
        MigrationError: A statement begins or ends a transaction.
    """
    for script in (migration.script, migration.down or ""):
        if is_marked(script):
            continue
        for statement in split_statements(script):
            if statement.controls_transaction:
                raise MigrationError(
                    f"{migration.name}, line {statement.line}: {statement.text[:40]!r} would end "
                    "the migration's transaction: remove the statement."
                )


def _check_names(names: list[str]) -> None:
    timestamps: dict[str, str] = {}
    for name in names:
        if not _NAME.fullmatch(name):
            raise MigrationError(
                f"The name {name} must be 14 digits, an underscore and lowercase letters, "
                "digits or underscores."
            )
        earlier = timestamps.setdefault(name[:14], name)
        if earlier != name:
            raise MigrationError(
                f"{earlier} and {name} have the same timestamp: rename the later one."
            )


def _check_file(path: Path) -> None:
    content = path.read_bytes()
    if content.startswith(codecs.BOM_UTF8):
        raise MigrationError(f"{path} starts with a byte order mark: save the file without it.")
    if not content.strip():
        raise MigrationError(f"{path} is empty.")


def _check_checksums(migrations: tuple[Migration, ...]) -> None:
    known: dict[str, str] = {}
    for migration in migrations:
        for checksum in migration.accepted_checksums:
            earlier = known.setdefault(checksum, migration.name)
            if earlier != migration.name:
                raise MigrationError(
                    f"{earlier} and {migration.name} have the same text, and a migration is known "
                    "by its checksum: change a comment in the later one."
                )
