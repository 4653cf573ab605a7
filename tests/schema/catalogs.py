"""A schema as PostgreSQL's catalogs hold it, read without the library."""

from typing import Any

import psycopg2

COLUMNS = """
SELECT c.relname, a.attname, NOT a.attnotnull, format_type(a.atttypid, a.atttypmod),
       pg_get_expr(d.adbin, d.adrelid)
FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
ORDER BY c.relname, a.attnum
"""

INDEXES = "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'"

CONSTRAINTS = """
SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid) FROM pg_constraint
WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
"""

ENUMS = """
SELECT t.typname, array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid GROUP BY t.typname
"""


def read_catalogs(url: str) -> dict[str, Any]:
    """Read everything in the form of the expected file, without the library."""
    connection = psycopg2.connect(url)
    cursor = connection.cursor()
    tables: dict[str, Any] = {}
    cursor.execute(COLUMNS)
    for table, name, null, kind, default in cursor.fetchall():
        entry = tables.setdefault(table, {"columns": [], "indexes": {}, "constraints": {}})
        column = {"name": name, "null": null, "type": kind, "default": default}
        entry["columns"].append(column)
    for query, part in ((INDEXES, "indexes"), (CONSTRAINTS, "constraints")):
        cursor.execute(query)
        for table, name, text in cursor.fetchall():
            tables[table.strip('"')][part][name] = text
    cursor.execute(ENUMS)
    enums = dict(cursor.fetchall())
    connection.close()
    return {"enums": enums, "tables": tables}
