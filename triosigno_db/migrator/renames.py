"""Renames: a drop and an addition with the same definition may be a rename."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from triosigno_db.database.quoting import identifier
from triosigno_db.migrator.autogenerate.script import columns_of, deparsed, own_indexes
from triosigno_db.schema.catalog import Catalog, Table, as_valid


class Rename(NamedTuple):
    """A drop and an addition that may be a rename.

    Attributes:
        what: The kind and the old name, such as `table Thing` or `column Thing.size`.
        new_name: The new name.
        up: The statement that renames it.
        down: The statement that restores its old name.
    """

    what: str
    new_name: str
    up: str
    down: str


def find_table_renames(old: Catalog, new: Catalog) -> tuple[Rename, ...]:
    """Find dropped tables with the same columns as an added table.

    Args:
        old: The current schema.
        new: The target schema.

    Returns:
        The possible renames, to be confirmed by a person.
    """
    return tuple(
        _rename("table ", "ALTER TABLE {} RENAME TO {};", before, after)
        for before, after in _pairs(old.tables, new.tables, _shape_of_table)
    )


def find_column_renames(old: Catalog, new: Catalog) -> tuple[Rename, ...]:
    """Find dropped columns with the same definition as an added column.

    Args:
        old: The current schema.
        new: The target schema.

    Returns:
        The possible renames, to be confirmed by a person.
    """
    renames = []
    for table in sorted(old.tables.keys() & new.tables.keys()):
        statement = f"ALTER TABLE {_escape(identifier(table))} RENAME COLUMN {{}} TO {{}};"
        there, wanted = columns_of(old.tables[table]), columns_of(new.tables[table])
        for before, after in _pairs(there, wanted, str):
            renames.append(_rename(f"column {table}.", statement, before, after))
    return tuple(renames)


def find_key_renames(old: Catalog, new: Catalog) -> tuple[Rename, ...]:
    """Find constraints and indexes that differ only in their names.

    Args:
        old: The current schema.
        new: The target schema.

    Returns:
        The renames. They lose no data and need no confirmation.
    """
    renames = []
    for table in sorted(old.tables.keys() & new.tables.keys()):
        there, wanted = old.tables[table], new.tables[table]
        statement = f"ALTER TABLE {_escape(identifier(table))} RENAME CONSTRAINT {{}} TO {{}};"
        for before, after in _pairs(there.constraints, wanted.constraints, as_valid):
            renames.append(_rename("constraint ", statement, before, after))
        statement = "ALTER INDEX {} RENAME TO {};"
        for before, after in _pairs(_nameless_indexes(there), _nameless_indexes(wanted), str):
            renames.append(_rename("index ", statement, before, after))
    return tuple(renames)


def _rename(what: str, statement: str, before: str, after: str) -> Rename:
    return Rename(
        what + before,
        after,
        statement.format(identifier(before), identifier(after)),
        statement.format(identifier(after), identifier(before)),
    )


def _escape(name: str) -> str:
    """Escape the braces of a name, which `str.format` would replace."""
    return name.replace("{", "{{").replace("}", "}}")


def _pairs(
    old: Mapping[str, Any], new: Mapping[str, Any], shape: Callable[[Any], object]
) -> Iterator[tuple[str, str]]:
    """Pair dropped with added objects of the same shape, each once."""
    added = [name for name in new if name not in old]
    for name in old:
        if name in new:
            continue
        match = next((other for other in added if shape(old[name]) == shape(new[other])), None)
        if match is not None:
            added.remove(match)
            yield name, match


def _shape_of_table(table: Table) -> object:
    return sorted(table.columns)


def _nameless_indexes(table: Table) -> dict[str, str]:
    return {name: text.replace(deparsed(name), "", 1) for name, text in own_indexes(table).items()}
