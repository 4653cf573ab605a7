"""The structure of a database, read from what PostgreSQL prints."""

import pytest

from tests.plain_sql import run_plain
from triosigno_db.compatibility.from_catalog import from_catalog, names_in
from triosigno_db.compatibility.structure import Column, Index, Reference, Table
from triosigno_db.migrator.session import open_reading_session
from triosigno_db.settings import Settings

TABLES = """
CREATE TYPE "Kind of" AS ENUM ('a', 'b''c');
CREATE TABLE "Other" ("Id" text PRIMARY KEY);
CREATE TABLE "Odd name" (
    id text PRIMARY KEY,
    "order" integer NOT NULL DEFAULT 3,
    "say ""hi"" now" "Kind of",
    "otherId" text REFERENCES "Other" ON DELETE SET NULL,
    at timestamp(3) NOT NULL,
    number bigint GENERATED ALWAYS AS IDENTITY,
    CONSTRAINT positive CHECK ("order" > 0 AND id <> 'at') NOT VALID
);
CREATE TABLE _prisma_migrations (id text);
"""


def read_table(url: str, *statements: str) -> Table:
    for statement in (TABLES, *statements):
        run_plain(url, statement)
    with open_reading_session(Settings.load(url)) as session:
        structure = from_catalog(session.read_catalog())
    assert structure.tables.keys() == {"Other", "Odd name"}
    assert structure.enums == {"Kind of": ("a", "b'c")}
    assert structure.has_all
    return structure.tables["Odd name"]


def test_columns_and_constraints_are_read(empty_url: str) -> None:
    table = read_table(empty_url)
    assert table.columns == {
        "id": Column("text", nullable=False, has_default=False),
        "order": Column("integer", nullable=False, has_default=True),
        'say "hi" now': Column("Kind of", nullable=True, has_default=False),
        "otherId": Column("text", nullable=True, has_default=False),
        "at": Column("timestamp(3) without time zone", nullable=False, has_default=False),
        "number": Column("bigint", nullable=False, has_default=True),
    }
    assert table.references == {
        "Odd name_otherId_fkey": Reference(("otherId",), "Other", ("Id",), "SET NULL", "NO ACTION")
    }
    assert table.checks.keys() == {"positive"}
    assert {*names_in(table.checks["positive"])} & table.columns.keys() == {"order", "id"}


@pytest.mark.parametrize(
    ("definition", "expected"),
    [
        ('INDEX "x" ON "Odd name" ("order")', Index(("order",), False, True)),
        (
            'UNIQUE INDEX "x" ON "Odd name" ("say ""hi"" now", at DESC, id ASC NULLS FIRST)',
            Index(('say "hi" now', "at", "id"), True, True),
        ),
        ('UNIQUE INDEX "x" ON "Odd name" (at) INCLUDE (id)', Index(("at",), True, True)),
        ('INDEX "x" ON "Odd name" USING hash (id)', Index(("id",), False, True)),
    ],
)
def test_an_index_is_read(empty_url: str, definition: str, expected: Index) -> None:
    assert read_table(empty_url, f"CREATE {definition}").indexes["x"] == expected


@pytest.mark.parametrize(
    ("definition", "columns"),
    [
        ('UNIQUE INDEX "x" ON "Odd name" (id) WHERE "order" > 1', {"id", "order"}),
        ('UNIQUE INDEX "x" ON "Odd name" (lower(id))', {"id"}),
        ('UNIQUE INDEX "x" ON "Odd name" (id COLLATE "C")', {"id"}),
    ],
)
def test_an_index_of_some_rows_or_of_expressions_is_no_plain_one(
    empty_url: str, definition: str, columns: set[str]
) -> None:
    index = read_table(empty_url, f"CREATE {definition}").indexes["x"]
    assert index.is_unique
    assert not index.is_plain
    assert columns <= {*index.columns}
