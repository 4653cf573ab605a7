"""The names that the library's migrations have beside those of the Node backend.

A migration keeps its name, unless a migration that it needs comes later: then its date is the
second after that.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from triosigno_db.errors import MigrationError
from triosigno_db.migrator.history import Migration, read_history
from triosigno_db.migrator.order import prisma_order
from triosigno_db.migrator.script_objects import made_objects

_TIMESTAMP = "%Y%m%d%H%M%S"
_DIGITS = 14


class FolderPlan(NamedTuple):
    """What a folder of the Node backend has of the library's history, and what it lacks.

    Attributes:
        provided: The migrations whose objects the folder's own migrations make.
        present: The name in the folder of each migration that is there, by its own name.
        missing: The migrations to add, by the name for the folder, in order.
    """

    provided: tuple[str, ...]
    present: Mapping[str, str]
    missing: Mapping[str, Migration]


def plan_folder(
    folder: Path, migrations: tuple[Migration, ...], recorded: Mapping[str, str] | None = None
) -> FolderPlan:
    """Plan which migrations to add to a folder of the Node backend, and under which names.

    A migration is known by its checksum. One is provided if the folder's own migrations make all
    tables, types, indexes and constraints that it creates.

    Args:
        folder: The folder of the migrations; it may be missing.
        migrations: The library's history.
        recorded: The names in a ledger, by their own names, which a migration that is not in the
            folder must keep. By default none.

    Returns:
        The plan.

    Raises:
        MigrationError: The folder cannot be read, has a migration of this name with another text,
            or makes only a part of what a migration creates.
    """
    there = read_history(folder) if folder.is_dir() else ()
    present = _present(migrations, there)
    node = [each for each in there if each.name not in present.values()]
    made = made_objects(each.script for each in node)
    provided = tuple(
        each.name for each in migrations if each.name not in present and _is_provided(each, made)
    )
    _refuse_other_texts(migrations, node, {*present, *provided})
    ours = [each for each in migrations if each.name not in provided]
    known = {**(recorded or {}), **present}
    names = place_migrations(ours, known, [each.name for each in node])
    missing = {names[each.name]: each for each in ours if each.name not in present}
    return FolderPlan(provided, present, missing)


def place_migrations(
    migrations: Iterable[Migration], known: Mapping[str, str], others: Collection[str]
) -> dict[str, str]:
    """Name migrations so that each comes after those that it needs.

    These are the ones before it in the history and, for the first of them that is added to a
    history of the Node backend, all that are there.

    Args:
        migrations: The library's migrations in order, without those that are provided.
        known: The names of those that are there, by their own names.
        others: The names of the Node backend's migrations.

    Returns:
        The name of each migration by its own name.
    """
    names: dict[str, str] = {}
    latest = "" if known else max(others, key=prisma_order, default="")
    for migration in migrations:
        name = known.get(migration.name) or _name_after(latest, migration.name)
        latest = max(latest, name, key=prisma_order)
        names[migration.name] = name
    return names


def _name_after(latest: str, own: str) -> str:
    if prisma_order(own) > prisma_order(latest):
        return own
    digits = latest[:_DIGITS]
    try:
        date = datetime.strptime(digits, _TIMESTAMP)  # noqa: DTZ007 (only the next second)
        later = (date + timedelta(seconds=1)).strftime(_TIMESTAMP) + own[_DIGITS:]
    except (ValueError, OverflowError):
        later = ""
    # Nothing with 14 digits comes after a name without a date, such as `init`.
    return later if prisma_order(later) > prisma_order(latest) else f"{latest}_{own}"


def _present(migrations: tuple[Migration, ...], there: tuple[Migration, ...]) -> dict[str, str]:
    found = {}
    for migration in migrations:
        for each in there:
            if each.checksum in migration.accepted_checksums:
                found[migration.name] = each.name
    return found


def _is_provided(migration: Migration, made: frozenset[tuple[str, str]]) -> bool:
    needed = made_objects([migration.script])
    if missing := needed - made:
        if missing == needed:
            return False
        listed = ", ".join(f"{kind} {name}" for kind, name in sorted(missing))
        raise MigrationError(
            f"The folder's own migrations make only a part of {migration.name}; they lack: "
            f"{listed}. Nothing was written."
        )
    return bool(needed)


def _refuse_other_texts(
    migrations: tuple[Migration, ...], node: list[Migration], known: Collection[str]
) -> None:
    names = {each.name for each in node}
    for migration in migrations:
        if migration.name in names and migration.name not in known:
            raise MigrationError(
                f"{migration.name} already exists with a different text: nothing was written."
            )
