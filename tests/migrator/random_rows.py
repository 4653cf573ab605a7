"""Random rows for any tables."""

from random import Random
from typing import Any
from uuid import UUID

import psycopg2.errors

import triosigno_db as db
from triosigno_db.database.execution import run_sql
from triosigno_db.errors import TrioSignoDBError
from triosigno_db.schema.catalog import Catalog, Table, read_catalog
from triosigno_db.schema.prisma_migrate import LEDGER_TABLE

TEXTS = ("1", "0", "true", "LOW", "HIGH", "it's", "", "2026-01-01", "word", "007", "12345678901")
VALUES: dict[str, tuple[Any, ...]] = {
    "text": TEXTS,
    "integer": (0, 1, 2, -5, 2**31 - 1),
    "bigint": (0, 1, 2, 2**40),
    "boolean": (True, False),
    "timestamp(3) without time zone": ("2026-01-31 08:00:00.123", "2026-01-31"),
}


def fill_tables(random: Random, most: int = 4) -> None:
    """Insert some random rows into each table, without those that violate a constraint."""
    catalog = read_catalog('"public"')
    for _ in range(2):  # a table may come before those that it refers to
        for name, table in catalog.tables.items():
            if name != LEDGER_TABLE:
                for _ in range(random.randint(0, most)):
                    _insert(catalog, name, table, random)


def _insert(catalog: Catalog, name: str, table: Table, random: Random) -> None:
    row = {
        column.name: _value(catalog, column.name, column.type, random) for column in table.columns
    }
    columns = ", ".join(f'"{column}"' for column in row)
    placeholders = ", ".join(f"%(value_{number})s" for number in range(len(row)))
    values = {f"value_{number}": value for number, value in enumerate(row.values())}
    try:
        with db.transaction():
            run_sql(f'INSERT INTO "{name}" ({columns}) VALUES ({placeholders})', **values)
    except (TrioSignoDBError, psycopg2.errors.IntegrityError):
        return


def _value(catalog: Catalog, name: str, type_: str, random: Random) -> Any:
    if name == "id":
        return str(UUID(int=random.getrandbits(128)))
    if random.random() < 0.2:
        return None
    if name == "parentId":
        others = [table for table in catalog.tables if table != LEDGER_TABLE]
        rows = [key for table in others for (key,) in run_sql(f'SELECT id FROM "{table}"')]
        return random.choice(rows) if rows else None
    if type_ in VALUES:
        return random.choice(VALUES[type_])
    return random.choice(catalog.enums[type_.strip('"')])
