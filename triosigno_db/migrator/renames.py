"""Renames: what goes and what comes in its place with the same shape."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from triosigno_db.database.quoting import identifier
from triosigno_db.migrator.autogenerate import columns_of, own_indexes, printed
from triosigno_db.schema.catalog import Catalog, Table, as_valid


class Rename(NamedTuple):
    """A drop and an addition that may be one thing under a new name.

    Attributes:
        what: What it is, for a person: `table Thing`, `column Thing.size`.
        new_name: The name it may have got.
        up: The statement that renames it.
        down: The statement that gives it its old name back.
    """

    what: str
    new_name: str
    up: str
    down: str


def find_table_renames(old: Catalog, new: Catalog) -> tuple[Rename, ...]:
    """Find tables that go while others come with the same columns.

    Args:
        old: The schema as it is.
        new: The schema as it shall be.

    Returns:
        The possible renames; a person decides.
    """
    return tuple(
        _rename("table ", "ALTER TABLE {} RENAME TO {};", before, after)
        for before, after in _pairs(old.tables, new.tables, _shape_of_table)
    )


def find_column_renames(old: Catalog, new: Catalog) -> tuple[Rename, ...]:
    """Find columns that go while others of the same type come.

    Args:
        old: The schema as it is.
        new: The schema as it shall be.

    Returns:
        The possible renames; a person decides.
    """
    renames = []
    for table in sorted(old.tables.keys() & new.tables.keys()):
        statement = f"ALTER TABLE {_escape(identifier(table))} RENAME COLUMN {{}} TO {{}};"
        there, wanted = columns_of(old.tables[table]), columns_of(new.tables[table])
        for before, after in _pairs(there, wanted, str):
            renames.append(_rename(f"column {table}.", statement, before, after))
    return tuple(renames)


def find_key_renames(old: Catalog, new: Catalog) -> tuple[Rename, ...]:
    """Find constraints and indexes that are the same but for their names.

    Args:
        old: The schema as it is.
        new: The schema as it shall be.

    Returns:
        The renames, which lose nothing and need no decision.
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
    """Keep braces of a name from being places for other names."""
    return name.replace("{", "{{").replace("}", "}}")


def _pairs(
    old: Mapping[str, Any], new: Mapping[str, Any], shape: Callable[[Any], object]
) -> Iterator[tuple[str, str]]:
    """Pair what goes with what comes, each once, where both have the same shape."""
    coming = [name for name in new if name not in old]
    for name in old:
        if name in new:
            continue
        match = next((other for other in coming if shape(old[name]) == shape(new[other])), None)
        if match is not None:
            coming.remove(match)
            yield name, match


def _shape_of_table(table: Table) -> object:
    return sorted(table.columns)


def _nameless_indexes(table: Table) -> dict[str, str]:
    return {name: text.replace(printed(name), "", 1) for name, text in own_indexes(table).items()}
