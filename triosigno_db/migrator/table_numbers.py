"""Tables and columns by their numbers, which a rename does not change."""

from typing import NamedTuple

from triosigno_db.migrator.autogenerate.findings import Today
from triosigno_db.migrator.session import Session

_READ_COLUMNS = """
SELECT c.oid::pg_catalog.int8, n.nspname, c.relname, a.attnum, a.attname
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
WHERE c.relkind IN ('r', 'p') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
ORDER BY n.nspname, c.relname, a.attnum
"""


class NumberedTable(NamedTuple):
    """A table, with its columns by number."""

    schema: str
    name: str
    columns: dict[int, str]


def read_tables(session: Session) -> dict[int, NumberedTable]:
    """Read all tables of a database.

    Args:
        session: A session in it.

    Returns:
        The tables by number.
    """
    found: dict[int, NumberedTable] = {}
    for number, schema, name, position, column in session.run(_READ_COLUMNS):
        table = found.setdefault(number, NumberedTable(schema, name, {}))
        table.columns[position] = column
    return found


def match_names(
    earlier: dict[int, NumberedTable], later: dict[int, NumberedTable], schema_name: str
) -> Today:
    """Find the names that tables and columns had before they were renamed.

    Args:
        earlier: The tables before.
        later: The tables after.
        schema_name: The schema of the tables.

    Returns:
        The earlier names by the later ones.
    """
    tables, columns = {}, {}
    for number, table in later.items():
        before = earlier.get(number)
        if before is None or table.schema != schema_name:
            continue
        tables[table.name] = before.name
        for position, column in table.columns.items():
            if position in before.columns:
                columns[table.name, column] = before.columns[position]
    return Today(tables, columns, schema_name)
