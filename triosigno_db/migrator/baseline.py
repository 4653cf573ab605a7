"""Baseline: adopt a database that was created by Prisma or by `create_schema()`."""

from pathlib import Path

from triosigno_db.errors import MigrationError, SchemaMismatchError
from triosigno_db.migrator.deploy import locked_ledger
from triosigno_db.migrator.history import Migration, read_history
from triosigno_db.migrator.session import Session, resolve_settings
from triosigno_db.migrator.shadow import temporary_catalogs
from triosigno_db.schema.catalog import Catalog, compare
from triosigno_db.settings import Settings


def baseline(
    url_or_settings: str | Settings | None = None, *, history: Path | None = None
) -> tuple[str, ...]:
    """Mark the migrations that a database already contains as applied, after a check of its schema.

    The schema is compared with the result of the first migration, of the first two, and so on. The
    longest part of the history that matches is marked as applied. Other tables are ignored.

    Args:
        url_or_settings: The database, as a URL or as `Settings`. By default the connected one.
        history: The folder of the migrations. By default the one in the package.

    Returns:
        The names of the marked migrations, at least the first.

    Raises:
        SchemaMismatchError: The schema differs from the result of the first migration; every
            difference is listed, and nothing was changed.
        MigrationError: A migration of this history is already recorded (P3008), or the history
            is empty.
        NotConnectedError: No database was given, and `connect()` was not called.
        TrioSignoDBError: As for every function: unavailable, permission denied.
    """
    settings = resolve_settings(url_or_settings)
    migrations = read_history(history)
    if not migrations:
        raise MigrationError("The history is empty: create a migration first.")
    with locked_ledger(settings) as (session, ledger):
        recorded = {row.name for row in ledger.rows() if row.is_applied}
        if known := [migration.name for migration in migrations if migration.name in recorded]:
            raise MigrationError(f"{known[0]} is already applied.").with_prisma_code("P3008")
        matching = _longest_part(session, migrations)
        with session.transaction():
            ledger.create()
            for migration in matching:
                ledger.mark_applied(migration)
    return tuple(migration.name for migration in matching)


def _longest_part(session: Session, migrations: tuple[Migration, ...]) -> tuple[Migration, ...]:
    catalogs = list(temporary_catalogs(session, migrations).values())
    found = session.read_catalog()
    for length in range(len(catalogs), 0, -1):
        if not compare(catalogs[length - 1], _comparable(found, catalogs[length - 1])):
            return migrations[:length]
    first = catalogs[0]
    raise SchemaMismatchError(
        f"The schema differs from the result of {migrations[0].name}; nothing was changed.",
        [str(difference) for difference in compare(first, _comparable(found, first))],
    )


def _comparable(found: Catalog, expected: Catalog) -> Catalog:
    return found.only(expected.tables, expected.enums)
