"""The statements that change what gives a column its values: sequence, identity, expression."""

import re
from collections.abc import Iterator

from triosigno_db.database.quoting import identifier, literal
from triosigno_db.errors import MigrationError
from triosigno_db.migrator.autogenerate.change import Change, columns_of
from triosigno_db.schema.catalog import SERIAL, Column

_NEXT_VALUE = re.compile(r"nextval\('(?P<name>.+)'::regclass\)")
_SERIAL_TYPES = {"smallint": "SMALLSERIAL", "integer": "SERIAL", "bigint": "BIGSERIAL"}


def serial_type(column: Column) -> str | None:
    """Return the type that creates a column together with its sequence.

    Args:
        column: The column.

    Returns:
        `SERIAL` or one like it; `None` for a column without a sequence of its own.
    """
    return _SERIAL_TYPES.get(column.type) if column.generation == SERIAL else None


def clause(column: Column) -> str:
    """Write the clause GENERATED of a column's definition.

    Args:
        column: The column.

    Returns:
        The clause with a space before it; an empty string if the column has none.
    """
    return f" {column.generation}" if column.generation not in (None, SERIAL) else ""


def create_sequences(change: Change) -> Iterator[str]:
    """Write the statements that create the sequences of columns that had none.

    Args:
        change: The change.

    Yields:
        The statements, each with a comment.
    """
    for table, old, new in _changed(change):
        if new.generation == SERIAL and old.generation != SERIAL:
            owner = f"{identifier(table)}.{identifier(new.name)}"
            if old.is_identity:  # its sequence may have the same name
                yield (
                    f"-- AlterTable\nALTER TABLE {identifier(table)} "
                    f"ALTER COLUMN {identifier(new.name)} DROP IDENTITY;"
                )
            yield (
                f"-- CreateSequence\nCREATE SEQUENCE {_sequence(new)} AS {new.type} "
                f"OWNED BY {owner};"
            )


def change_generation(table: str, old: Column, new: Column) -> Iterator[str]:
    """Write the changes of a column within ALTER TABLE.

    Args:
        table: The table.
        old: The column as it is.
        new: The column as it should be.

    Yields:
        The changes.

    Raises:
        MigrationError: The values of the column would be computed from now on, or computed in
            another way.
    """
    if old.generation == new.generation:
        return
    alter = f"ALTER COLUMN {identifier(new.name)}"
    if new.is_generated:
        raise MigrationError(
            f"{table}.{new.name} becomes {new.generation}: write this migration by hand, one that "
            "drops the column and adds it again."
        )
    if old.is_generated:
        yield f"{alter} DROP EXPRESSION"
    if old.is_identity and new.is_identity:
        yield f"{alter} SET {(new.generation or '').removesuffix(' AS IDENTITY')}"
    elif old.is_identity and new.generation != SERIAL:
        yield f"{alter} DROP IDENTITY"
    elif new.is_identity:
        yield f"{alter} ADD {new.generation}"


def continue_sequences(change: Change) -> Iterator[str]:
    """Write the statements that let new sequences go on after existing rows, and drop old ones.

    Args:
        change: The change.

    Yields:
        The statements, each with a comment.
    """
    for table, old, new in _changed(change):
        if old.generation == SERIAL:
            yield f"-- DropSequence\nDROP SEQUENCE {_sequence(old)};"
        if new.generation == SERIAL or (new.is_identity and not old.is_identity):
            column = identifier(new.name)
            sequence = f"{literal(identifier(table))}, {literal(new.name)}"
            yield (
                f"-- AlterSequence\nSELECT pg_catalog.setval(pg_catalog.pg_get_serial_sequence("
                f"{sequence}), coalesce(pg_catalog.max({column}), 0) + 1, false) "
                f"FROM {identifier(table)};"
            )


def _changed(change: Change) -> Iterator[tuple[str, Column, Column]]:
    for table in change.kept:
        old = columns_of(change.old.tables[table])
        for name, column in columns_of(change.new.tables[table]).items():
            if name in old and old[name].generation != column.generation:
                yield table, old[name], column


def _sequence(column: Column) -> str:
    """Return the sequence of a column, from its default: a name as PostgreSQL prints it."""
    match = _NEXT_VALUE.fullmatch(column.default or "")
    return match["name"].replace("''", "'") if match else ""
