"""What the tests of migrations ask of the connected database."""

import triosigno_db as db
from triosigno_db.database.execution import run_sql
from triosigno_db.migrator import NewMigration, read_history, shipped_history, status
from triosigno_db.migrator.diff import without_positions
from triosigno_db.schema.catalog import Catalog, read_catalog
from triosigno_db.schema.prisma_migrate import LEDGER_TABLE

NAMES = tuple(each.name for each in read_history(shipped_history()))
"""The migrations that ship with the package."""

INIT, INDEXES, CHECKS, SEARCH, _ = NAMES

ONE, TWO = "20260101000001_one", "20260101000002_two"
"""The migrations that the fixture `write_history` writes."""

_LEDGER = f"""
SELECT migration_name, checksum, finished_at IS NOT NULL, rolled_back_at IS NOT NULL,
       applied_steps_count, logs
FROM "{LEDGER_TABLE}" ORDER BY started_at
"""


def ledger_rows() -> list[tuple[object, ...]]:
    """Read the ledger, without its times."""
    return run_sql(_LEDGER)


def tables() -> set[str]:
    """Name the tables besides the ledger."""
    return set(read_catalog('"public"').tables) - {LEDGER_TABLE}


def schema() -> Catalog:
    """Read the schema without the ledger."""
    catalog = read_catalog('"public"')
    return catalog.only(catalog.tables.keys() - {LEDGER_TABLE}, catalog.enums)


def sorted_schema() -> Catalog:
    """Read the schema without the ledger, the columns of each table by name."""
    return without_positions(schema())


def states() -> list[str]:
    """Give the state of each migration that ships with the package."""
    return [each.state.value for each in status().migrations]


def declared(url: str) -> Catalog:
    """Read what the models declare, from a database that has the schema."""
    db.disconnect()
    db.connect(url)
    catalog = sorted_schema()
    db.disconnect()
    return catalog


def script_of(written: NewMigration | None, file: str = "migration.sql") -> str:
    """Read a script of a migration that was written."""
    assert written is not None
    return (written.folder / file).read_text()
