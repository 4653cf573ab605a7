"""Baseline: adopt a database that was created by Prisma or by `create_schema()`."""

from pathlib import Path

from triosigno_db.errors import MigrationError, SchemaMismatchError
from triosigno_db.migrator.deploy import locked_ledger
from triosigno_db.migrator.history import Migration, read_history
from triosigno_db.migrator.session import Session, resolve_settings
from triosigno_db.migrator.shadow import temporary_catalogs
from triosigno_db.schema.catalog import Catalog, compare, read_current_schema
from triosigno_db.settings import Settings


def baseline(
    url_or_settings: str | Settings | None = None, *, history: Path | None = None
) -> tuple[str, ...]:
    """Mark what of the history a database holds already as applied, once that is checked.

    Its catalogs are compared with what the first migration gives, and the first two, and so on; the
    longest part of the history that agrees is marked as applied. Other tables are ignored.

    Args:
        url_or_settings: The database, as a URL or as `Settings`; the connected one without it.
        history: The folder of the migrations; by default the one that ships with the package.

    Returns:
        The names of the migrations marked, at least the first.

    Raises:
        SchemaMismatchError: The database is not as the first migration makes it; every difference
            is listed, and nothing was changed.
        MigrationError: A migration of this history is recorded already (P3008), or it has none.
        NotConnectedError: No database was given, and `connect()` was not called.
        TrioSignoDBError: As for every function: unavailable, permission denied.
    """
    settings = resolve_settings(url_or_settings)
    migrations = read_history(history)
    if not migrations:
        raise MigrationError("The history is empty: there is nothing to compare with.")
    with locked_ledger(settings) as (session, ledger):
        recorded = {row.name for row in ledger.rows() if row.is_applied}
        if known := [migration.name for migration in migrations if migration.name in recorded]:
            raise MigrationError(f"{known[0]} is applied already.").with_prisma_code("P3008")
        held = _longest_part(session, migrations)
        with session.transaction():
            ledger.create()
            for migration in held:
                ledger.mark_applied(migration)
    return tuple(migration.name for migration in held)


def _longest_part(session: Session, migrations: tuple[Migration, ...]) -> tuple[Migration, ...]:
    catalogs = list(temporary_catalogs(session, migrations).values())
    found = read_current_schema(session.run)
    for length in range(len(catalogs), 0, -1):
        if not compare(catalogs[length - 1], _comparable(found, catalogs[length - 1])):
            return migrations[:length]
    first = catalogs[0]
    raise SchemaMismatchError(
        f"The database is not as {migrations[0].name} makes it; nothing was changed.",
        [str(difference) for difference in compare(first, _comparable(found, first))],
    )


def _comparable(found: Catalog, expected: Catalog) -> Catalog:
    return found.only(expected.tables, expected.enums)
