"""Baseline: adopt a database whose tables were not created by the library's migrations."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from triosigno_db.errors import MigrationError, SchemaMismatchError
from triosigno_db.migrator.deploy import HistoryStatus, locked_ledger
from triosigno_db.migrator.prisma_8 import refuse_prisma_8_alone
from triosigno_db.migrator.project import Project, read_histories
from triosigno_db.migrator.session import resolve_settings
from triosigno_db.migrator.shadow import temporary_catalogs
from triosigno_db.schema.catalog import Catalog, Difference
from triosigno_db.schema.containment import added_parts, missing_from, missing_of
from triosigno_db.settings import Settings


class Adoption(NamedTuple):
    """What `baseline` found in a database.

    Attributes:
        names: The migrations that the database contains.
        are_provided: Whether the Node backend's own history made them, so that they are provided;
            else they are recorded as applied.
    """

    names: tuple[str, ...]
    are_provided: bool


def baseline(
    url_or_settings: str | Settings | None = None,
    *,
    history: Path | None = None,
    project: Project | None = None,
) -> tuple[str, ...]:
    """Find the migrations that a database already contains, and record them without running them.

    The database must contain all that the first migration makes: columns in any order, and further
    tables, columns, indexes, constraints and enum labels are no difference. Each other migration
    must be there as a whole or not at all.

    If the ledger has migrations of the Node backend's own, what is found is recorded as provided:
    it gets no row in the ledger, and is neither applied nor exported nor rolled back. Else, as
    after `create_schema()`, it is marked as applied.

    Args:
        url_or_settings: The database, as a URL or as `Settings`. By default the connected one.
        history: The folder of the library's migrations. By default the one in the package.
        project: A service with tables of its own, whose history is a part of it.

    Returns:
        The names of the migrations that were recorded, at least one.

    Raises:
        SchemaMismatchError: The database lacks a part of a migration; what it lacks is listed, and
            nothing was changed.
        MigrationError: The migrations that the database contains are already recorded (P3008),
            Prisma 8 manages the database alone, or the history is empty.
        PermissionDeniedError: The role may not write to the ledger, or does not own it.
        NotConnectedError: No database was given, and `connect()` was not called.
        TrioSignoDBError: As for every function: unavailable, permission denied.
    """
    return adopt(url_or_settings, history=history, project=project).names


def adopt(
    url_or_settings: str | Settings | None = None,
    *,
    history: Path | None = None,
    project: Project | None = None,
) -> Adoption:
    """Do what `baseline` does, and say how the migrations were recorded.

    Args:
        url_or_settings: As for `baseline`.
        history: As for `baseline`.
        project: As for `baseline`.

    Returns:
        The migrations.

    Raises:
        TrioSignoDBError: As for `baseline`.
    """
    settings = resolve_settings(url_or_settings)
    migrations = read_histories(history, project)
    if not migrations:
        raise MigrationError("The history is empty: create a migration first.")
    with locked_ledger(settings) as (session, ledger):
        refuse_prisma_8_alone(session)
        found = HistoryStatus(ledger.states(migrations))
        catalogs = temporary_catalogs(session, migrations)
        there = set(_contained(session.read_catalog(), catalogs, found.pending))
        recorded = [migration for migration in migrations if migration.name in there]
        if not recorded:
            first = next(each for each in found.migrations if each.name == migrations[0].name)
            raise MigrationError(f"{first.name} is already {first.state}.").with_prisma_code(
                "P3008"
            )
        are_provided = bool(found.node_migrations)
        with session.transaction():
            if are_provided:
                ledger.mark_provided(recorded)
            else:
                ledger.create()
                for migration in recorded:
                    ledger.mark_applied(migration)
    return Adoption(tuple(migration.name for migration in recorded), are_provided)


def _contained(
    found: Catalog, catalogs: dict[str, Catalog], pending: tuple[str, ...]
) -> Iterator[str]:
    """Name the pending migrations that a database contains; refuse one that is there in part."""
    before = Catalog({}, {})
    whole = _length_of_contained_part(found, [*catalogs.values()])
    for position, (name, after) in enumerate(catalogs.items()):
        # What changes nothing here (a function, rows) is not found: `deploy` applies it.
        if name in pending and after != before:
            if position < whole or not (missing := missing_of(found, before, after)):
                yield name
            elif position == 0 or len(missing) < len(added_parts(before, after)):
                raise _lacking(name, missing, is_first=position == 0)
        before = after


def _length_of_contained_part(found: Catalog, catalogs: Sequence[Catalog]) -> int:
    for length in range(len(catalogs), 0, -1):
        if not missing_from(found, catalogs[length - 1]):
            return length
    return 0


def _lacking(name: str, missing: tuple[Difference, ...], *, is_first: bool) -> SchemaMismatchError:
    advice = "" if is_first else " Create what is missing, or drop what is there of it."
    return SchemaMismatchError(
        f"The database does not contain all that {name} makes; nothing was changed.{advice}",
        [str(difference) for difference in missing],
    )
