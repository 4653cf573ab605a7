"""Diff: compare the database with the history and with the models."""

from pathlib import Path
from typing import NamedTuple

from triosigno_db.migrator.autogenerate.script import write_script
from triosigno_db.migrator.project import Project, read_histories
from triosigno_db.migrator.session import open_session, resolve_settings
from triosigno_db.migrator.shadow import create_in_schema, replay, shadow_database
from triosigno_db.models import MODELS
from triosigno_db.schema.catalog import Catalog, Difference, compare
from triosigno_db.schema.ddl import to_sql
from triosigno_db.schema.own_objects import can_index_trigrams
from triosigno_db.schema.prisma_migrate import LEDGER_TABLE
from triosigno_db.settings import Settings


class Drift(NamedTuple):
    """The differences between a database, its history and the models.

    Attributes:
        from_history: The differences from the result of the history.
        from_models: The differences from the models.
        sql: The SQL that changes the database to match the models; empty if nothing differs.
    """

    from_history: tuple[Difference, ...]
    from_models: tuple[Difference, ...]
    sql: str

    @property
    def is_none(self) -> bool:
        """Whether nothing differs."""
        return not self.from_history and not self.from_models


def diff(
    url_or_settings: str | Settings | None = None,
    *,
    history: Path | None = None,
    project: Project | None = None,
) -> Drift:
    """Compare a database with its history and with the models.

    Tables, columns, types, nullability, defaults, keys, indexes, checks and enum labels are
    compared. The validation of checks and the positions of columns are not. Tables that are neither
    in the history nor in the models are ignored.

    Args:
        url_or_settings: The database, as a URL or as `Settings`. By default the connected one.
        history: The folder of the library's migrations. By default the one in the package.
        project: A service with tables of its own, whose history is a part of it.

    Returns:
        The differences.

    Raises:
        MigrationError: The history on disk is invalid.
        NotConnectedError: No database was given, and `connect()` was not called.
        TrioSignoDBError: As for every function: unavailable, permission denied; the role must be
            allowed to create a database.
    """
    settings = resolve_settings(url_or_settings)
    migrations = read_histories(history, project)
    models = (*MODELS, *(project.load_models() if project else ()))
    with open_session(settings) as session:
        live = without_positions(session.read_catalog())
        has_trigrams = can_index_trigrams(session.run)
    with shadow_database(settings) as shadow:
        replayed = without_positions(replay(shadow, migrations))
        declared = without_positions(create_in_schema(shadow, "models", to_sql(models)))
        has_trigrams = has_trigrams and can_index_trigrams(shadow.run)
    if not has_trigrams:
        live, replayed, declared = (
            catalog.without_trigrams() for catalog in (live, replayed, declared)
        )
    names = {*replayed.tables, *declared.tables} - {LEDGER_TABLE}
    ours = live.only(names, {*replayed.enums, *declared.enums})
    return Drift(
        from_history=compare(replayed, ours),
        from_models=compare(declared, ours),
        sql=write_script(ours, declared),
    )


def without_positions(catalog: Catalog) -> Catalog:
    """Sort the columns of each table by name, because a column that is added later comes last.

    Args:
        catalog: The catalog.

    Returns:
        The catalog with sorted columns.
    """
    return Catalog({name: table.by_name() for name, table in catalog.tables.items()}, catalog.enums)
