"""Schemas before and after a change, each written as one would create it at once."""

import triosigno_db as db
from triosigno_db.database.execution import run_sql
from triosigno_db.schema.catalog import Catalog, read_catalog

PARENT = 'CREATE TABLE "Parent" ("id" TEXT NOT NULL, CONSTRAINT "Parent_pkey" PRIMARY KEY ("id"));'
THING = 'CREATE TABLE "Thing" ("id" TEXT NOT NULL, {} CONSTRAINT "Thing_pkey" PRIMARY KEY ("id"));'
PLAIN = THING.format('"size" INTEGER, "parentId" TEXT NOT NULL,')
LEVEL = "CREATE TYPE \"Level\" AS ENUM ('LOW', 'HIGH');"
LEVELLED = THING.format('"level" "Level" NOT NULL DEFAULT \'LOW\',')


def thing(columns: str) -> str:
    return THING.format(columns)


def foreign_key(action: str) -> str:
    return (
        'ALTER TABLE "Thing" ADD CONSTRAINT "Thing_parentId_fkey" FOREIGN KEY ("parentId") '
        f'REFERENCES "Parent"("id") ON DELETE {action} ON UPDATE CASCADE;'
    )


def labels(*names: str) -> str:
    return f'CREATE TYPE "Level" AS ENUM ({", ".join(repr(name) for name in names)});'


def made_by(schema: str, *scripts: str) -> Catalog:
    """Run scripts in a new schema and read what they made."""
    with db.transaction():
        run_sql(f"CREATE SCHEMA {schema}")
        run_sql(f"SET LOCAL search_path TO {schema}")
        for script in scripts:
            if script:
                run_sql(script)
    return read_catalog(schema)


def unordered(catalog: Catalog) -> Catalog:
    """The same without the columns' positions."""
    tables = {
        name: type(table)(tuple(sorted(table.columns)), table.indexes, table.constraints)
        for name, table in catalog.tables.items()
    }
    return Catalog(tables, catalog.enums)


def run(*scripts: str) -> None:
    """Run scripts in the current schema, each in a transaction of its own."""
    for script in scripts:
        if script:
            with db.transaction():
                run_sql(script)
