"""Diff: the live database, compared with the history and with the models."""

from pathlib import Path
from typing import NamedTuple

from triosigno_db.migrator.autogenerate import write_script
from triosigno_db.migrator.history import read_history
from triosigno_db.migrator.session import open_session, resolve_settings
from triosigno_db.migrator.shadow import create_in_schema, replay, shadow_database
from triosigno_db.schema.catalog import Catalog, Difference, compare, read_current_schema
from triosigno_db.schema.ddl import to_sql
from triosigno_db.schema.prisma_migrate import LEDGER_TABLE
from triosigno_db.settings import Settings


class Drift(NamedTuple):
    """How the live database differs from what it should be.

    Attributes:
        from_history: Its differences from what the history gives.
        from_models: Its differences from what the models declare.
        sql: The SQL that would make it as the models declare; empty where nothing differs.
    """

    from_history: tuple[Difference, ...]
    from_models: tuple[Difference, ...]
    sql: str

    @property
    def is_none(self) -> bool:
        """Whether nothing differs."""
        return not self.from_history and not self.from_models


def diff(url_or_settings: str | Settings | None = None, *, history: Path | None = None) -> Drift:
    """Compare a database with its history and with the models.

    Tables, columns, types, nullability, defaults, keys, indexes, checks and enum labels are
    compared; whether a check was validated for old rows, and the columns' positions, are not.
    Tables that neither the history nor the models know are ignored.

    Args:
        url_or_settings: The database, as a URL or as `Settings`; the connected one without it.
        history: The folder of the migrations; by default the one that ships with the package.

    Returns:
        The differences.

    Raises:
        MigrationError: The history on disk is invalid.
        NotConnectedError: No database was given, and `connect()` was not called.
        TrioSignoDBError: As for every function: unavailable, permission denied; the role must be
            allowed to create a database.
    """
    settings = resolve_settings(url_or_settings)
    migrations = read_history(history)
    with open_session(settings) as session:
        live = without_positions(read_current_schema(session.run))
    with shadow_database(settings) as shadow:
        replayed = without_positions(replay(shadow, migrations))
        declared = without_positions(create_in_schema(shadow, "models", to_sql()))
    names = {*replayed.tables, *declared.tables} - {LEDGER_TABLE}
    ours = live.only(names, {*replayed.enums, *declared.enums})
    return Drift(
        from_history=compare(replayed, ours),
        from_models=compare(declared, ours),
        sql=write_script(ours, declared),
    )


def without_positions(catalog: Catalog) -> Catalog:
    """Sort the columns of each table: a column that was added later comes last.

    Args:
        catalog: The catalog.

    Returns:
        The same, its columns by name.
    """
    return Catalog({name: table.by_name() for name, table in catalog.tables.items()}, catalog.enums)
