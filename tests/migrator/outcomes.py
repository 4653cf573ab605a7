"""The outcomes of kinds of change, as docs/explanation/schema-changes.md has them."""

import re
from pathlib import Path
from uuid import uuid4

from tests.migrator.kinds_of_change import Kind
from triosigno_db.database.execution import run_sql
from triosigno_db.schema.catalog import read_catalog

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "schema-changes.md"

APPLIED, ASKS, REFUSED = "applied", "asks", "refused"
FAILS, LOSES, UNSEEN = "fails when applied", "loses values", "not seen"


def stated_outcomes(column: int) -> dict[str, str]:
    """Read a column of the page's table: the outcome of each kind of change."""
    rows = re.findall(r"^\| (?!---)(.+) \|$", PAGE.read_text(), re.MULTILINE)
    cells = [[cell.strip() for cell in row.split(" | ")] for row in rows]
    return {row[0]: row[column] for row in cells if len(row) == 4}


def insert_rows(kind: Kind) -> None:
    """Insert the rows of a kind of change."""
    columns = kind.before.tables["Thing"]
    name = {"parent_id": "parentId"}.get(next(iter(columns), ""), next(iter(columns), ""))
    for value in kind.rows:
        row = {"id": str(uuid4())} | ({name: value} if name else {})
        listed = ", ".join(f'"{key}"' for key in row)
        run_sql(
            f'INSERT INTO "Thing" ({listed}) VALUES ({", ".join(f"%({key})s" for key in row)})',
            **row,
        )


def count_values() -> int:
    """Count the values of all tables, without ids and what a default has filled."""
    count = 0
    for name, table in read_catalog('"public"').tables.items():
        if name == "_prisma_migrations":
            continue
        for column in table.columns:
            if column.name != "id":
                ((number,),) = run_sql(f'SELECT count("{column.name}") FROM "{name}"')
                count += number
    return count
