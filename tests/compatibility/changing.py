"""Changes that the Node side could make, of each table, column, enum, index and constraint."""

from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

import peewee

from triosigno_db.models import MODELS
from triosigno_db.models.fields import EnumField
from triosigno_db.schema.ddl import enums

Truth = Literal["fails", "may fail"]


class Change(NamedTuple):
    """A change of the tables.

    Attributes:
        kind: What is done.
        what: What it is done to.
        sql: The statements that make it.
        truth: `"fails"` if each function that it breaks fails, and all others return the same;
            `"may fail"` if only calls with certain values fail, or it changes the rows itself.
    """

    kind: str
    what: str
    sql: str
    truth: Truth = "fails"


WIDER = {"TEXT": "varchar", "INT": "bigint", "TIMESTAMP(3)": "timestamp(6)"}
NARROWER = {"TEXT": "varchar(36)", "INT": "smallint", "TIMESTAMP(3)": "timestamp(0)"}
VALUES = {"TEXT": "''", "INT": "0", "TIMESTAMP(3)": "now() + '1 day'"}

ONLY_THESE = """
DO $$ BEGIN
    EXECUTE pg_catalog.format(
        'ALTER TABLE "{table}" ADD CONSTRAINT "added" CHECK ("{column}"::text = ANY (%L::text[]))',
        (SELECT pg_catalog.array_agg(DISTINCT "{column}"::text) FROM "{table}")
    );
END $$
"""
"""A CHECK constraint that the rows of a column satisfy, and no other value does."""


def changes() -> list[Change]:
    """List changes of each kind of everything."""
    return [
        *(change for model in MODELS for change in changes_of_table(model)),
        *(
            change
            for model in MODELS
            for field in model._meta.sorted_fields
            for change in changes_of_column(model._meta.table_name, field)
        ),
        *(change for enum in enums() for change in changes_of_enum(enum.__name__, [*enum])),
    ]


def changes_of_table(model: Any) -> Iterator[Change]:
    name = model._meta.table_name
    table = f'"{name}"'
    yield Change("drop table", name, f"DROP TABLE {table} CASCADE")
    yield Change("rename table", name, f'ALTER TABLE {table} RENAME TO "renamed"')
    yield Change("add optional column", name, f'ALTER TABLE {table} ADD COLUMN "added" text')
    yield Change(
        "add defaulted column",
        name,
        f"ALTER TABLE {table} ADD COLUMN \"added\" text NOT NULL DEFAULT 'x'",
    )
    yield Change(
        "add required column",
        name,
        f"ALTER TABLE {table} ADD COLUMN \"added\" text NOT NULL DEFAULT 'x';"
        f' ALTER TABLE {table} ALTER COLUMN "added" DROP DEFAULT',
    )
    yield Change(
        "add table that refers to",
        name,
        f'CREATE TABLE "new" (id text PRIMARY KEY, "of" text REFERENCES {table} ON DELETE CASCADE)',
    )
    for index in model._meta.indexes_by_name().values():
        kind: Truth = "may fail" if index.is_unique else "fails"
        unique = "unique " if index.is_unique else ""
        yield Change(f"drop {unique}index", index.name, f'DROP INDEX "{index.name}"', kind)
        yield Change(
            f"rename {unique}index", index.name, f'ALTER INDEX "{index.name}" RENAME TO "renamed"'
        )
    primary = f'ALTER TABLE {table} DROP CONSTRAINT "{name}_pkey" CASCADE'
    yield Change("drop primary key", name, primary, "may fail")
    for key, field in model._meta.foreign_keys_by_name().items():
        drop = f'ALTER TABLE {table} DROP CONSTRAINT "{key}"'
        yield Change("drop foreign key", key, drop, "may fail")
        yield Change(
            "rename foreign key", key, f'ALTER TABLE {table} RENAME CONSTRAINT "{key}" TO "renamed"'
        )
        yield Change(
            "restrict deletions of",
            key,
            f'{drop}, ADD CONSTRAINT "{key}" FOREIGN KEY ("{field.column_name}")'
            f' REFERENCES "{field.rel_model._meta.table_name}" (id)'
            " ON UPDATE CASCADE ON DELETE NO ACTION",
            "may fail",
        )
    for check, _ in model._meta.checks:
        yield Change("drop check", check, f'ALTER TABLE {table} DROP CONSTRAINT "{check}"')


def changes_of_column(name: str, field: Any) -> Iterator[Change]:
    column, table, of = f'"{field.column_name}"', f'"{name}"', f"{name}.{field.column_name}"
    alter = f"ALTER TABLE {table} ALTER COLUMN {column}"
    kind = "TEXT" if isinstance(field, peewee.ForeignKeyField) else field.field_type
    yield Change("drop column", of, f"ALTER TABLE {table} DROP COLUMN {column} CASCADE")
    yield Change("rename column", of, f'ALTER TABLE {table} RENAME COLUMN {column} TO "renamed"')
    yield Change("drop default of", of, f"{alter} DROP DEFAULT")
    if kind in WIDER:
        yield Change("widen", of, f"{alter} TYPE {WIDER[kind]}")
    if kind in NARROWER:
        yield Change("narrow", of, f"{alter} TYPE {NARROWER[kind]}", "may fail")
    if isinstance(field, EnumField):
        yield Change("make text of", of, f"{alter} DROP DEFAULT, ALTER {column} TYPE text")
    if not field.primary_key:
        other = f"{alter} DROP DEFAULT, ALTER {column} TYPE bytea USING '\\x00'"
        yield Change("change type of", of, other, "may fail")
    if field.null:
        fill = f"UPDATE {table} SET {column} = {VALUES[kind]} WHERE {column} IS NULL"
        yield Change("require", of, f"{fill}; {alter} SET NOT NULL", "may fail")
    elif not field.primary_key:
        empty = f"{alter} DROP NOT NULL; UPDATE {table} SET {column} = NULL"
        yield Change("empty", of, empty, "may fail")
    yield Change(
        "add check of", of, ONLY_THESE.format(table=name, column=field.column_name), "may fail"
    )
    unique = f'CREATE UNIQUE INDEX "added" ON {table} ({column})'
    yield Change("add unique index of", of, unique, "may fail")


def changes_of_enum(name: str, labels: list[Any]) -> Iterator[Change]:
    yield Change("add label to", name, f"ALTER TYPE \"{name}\" ADD VALUE 'NEW'")
    yield Change("rename enum", name, f'ALTER TYPE "{name}" RENAME TO "renamed"')
    for label in labels:
        yield Change(
            "drop label of",
            f"{name}.{label.value}",
            f"ALTER TYPE \"{name}\" RENAME VALUE '{label.value}' TO 'GONE'",
            "may fail",
        )
