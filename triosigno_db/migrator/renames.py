"""Renames: a drop and an addition that are alike may be a rename."""

from collections.abc import Callable, Iterator, Mapping
from difflib import SequenceMatcher
from typing import NamedTuple

from triosigno_db.database.quoting import identifier
from triosigno_db.errors import InvalidInputError
from triosigno_db.migrator.autogenerate.change import columns_of, own_indexes
from triosigno_db.migrator.autogenerate.deparsed import without_name
from triosigno_db.schema.catalog import Catalog, Column, Table, as_valid, needs_trigrams

_ALIKE_TABLES = 0.5
"""The smallest part of the columns that a table shares with one that may be the same."""

_ALIKE_NAMES = 0.6
"""The smallest likeness of the names of columns of different types that may be the same."""

ARGUMENT = "renames"


class Rename(NamedTuple):
    """A drop and an addition that may be a rename.

    Attributes:
        what: The kind and the old name, such as `table Thing` or `column Thing.size`.
        new_name: The new name.
        up: The statement that renames it.
        down: The statement that restores its old name.
        option: What names it for `--rename`, such as `Thing:Object` or `Object.size:width`.
    """

    what: str
    new_name: str
    up: str
    down: str
    option: str


def find_table_renames(old: Catalog, new: Catalog) -> tuple[Rename, ...]:
    """Find dropped tables that share most columns with an added table.

    Args:
        old: The current schema.
        new: The target schema.

    Returns:
        The possible renames, the most alike first, to be confirmed one by one.
    """
    pairs = [
        (_likeness_of_tables(old.tables[before], new.tables[after]), before, after)
        for before in _missing(old.tables, new.tables)
        for after in _missing(new.tables, old.tables)
        if after not in old.enums
    ]
    alike = (pair for pair in pairs if pair[0] >= _ALIKE_TABLES)
    return tuple(_rename_table(before, after) for _, before, after in _best_first(alike))


def find_column_renames(old: Catalog, new: Catalog) -> tuple[Rename, ...]:
    """Find dropped columns with the type of an added column of the table, or with a similar name.

    Args:
        old: The current schema.
        new: The target schema.

    Returns:
        The possible renames, table by table and the most alike first, to be confirmed one by one.
    """
    renames: list[Rename] = []
    for table in sorted(old.tables.keys() & new.tables.keys()):
        there, wanted = columns_of(old.tables[table]), columns_of(new.tables[table])
        pairs = [
            (_likeness_of_columns(there[before], wanted[after]), before, after)
            for before in _missing(there, wanted)
            for after in _missing(wanted, there)
        ]
        alike = (pair for pair in pairs if pair[0] > 0)
        renames += (_rename_column(table, before, after) for _, before, after in _best_first(alike))
    return tuple(renames)


def find_key_renames(old: Catalog, new: Catalog) -> tuple[Rename, ...]:
    """Find constraints and indexes that differ only in their names.

    Args:
        old: The current schema.
        new: The target schema.

    Returns:
        The renames. They lose no data and need no confirmation.
    """
    taken = {name for table in old.tables.values() for name in table.indexes} | {*old.tables}
    renames = []
    for table in sorted(old.tables.keys() & new.tables.keys()):
        there, wanted = old.tables[table], new.tables[table]
        for before, after in _pairs(there.constraints, wanted.constraints, as_valid):
            if after not in taken:
                statement = f"ALTER TABLE {identifier(table)} RENAME CONSTRAINT"
                renames.append(_rename(f"constraint {before}", statement, before, after, ""))
        for before, after in _pairs(_nameless_indexes(there), _nameless_indexes(wanted), str):
            if after not in taken:
                where = "IF EXISTS " if needs_trigrams(there.indexes[before]) else ""
                up, down = (
                    f"ALTER INDEX {where}{identifier(one)} RENAME TO {identifier(other)};"
                    for one, other in ((before, after), (after, before))
                )
                renames.append(Rename(f"index {before}", after, up, down, ""))
    return tuple(renames)


def take_given_rename(old: Catalog, new: Catalog, given: list[str]) -> Rename | None:
    """Take the first of the renames that were given as text.

    Args:
        old: The current schema.
        new: The target schema.
        given: The renames, such as `Thing:Object` and `Object.size:width`; a column's table may
            have its old or its new name. The tables' are taken first. What is taken is removed.

    Returns:
        The rename; `None` if none remains.

    Raises:
        InvalidInputError: It does not have this form, or names what is neither dropped nor added.
    """
    if not given:
        return None
    text = next((each for each in given if not _is_of_column(each, old, new)), given[0])
    given.remove(text)
    before, _, after = text.rpartition(":")
    if before in _missing(old.tables, new.tables) and after in _missing(new.tables, old.tables):
        return _rename_table(before, after)
    for table in sorted(old.tables.keys() & new.tables.keys()):
        there, wanted = columns_of(old.tables[table]), columns_of(new.tables[table])
        column = before.removeprefix(f"{table}.")
        is_here = before.startswith(f"{table}.") and column in _missing(there, wanted)
        if is_here and after in _missing(wanted, there):
            return _rename_column(table, column, after)
    raise InvalidInputError(
        ARGUMENT,
        f"{text!r} must be old:new for a table or Table.old:new for a column, where the old name "
        "is in the history only and the new one in the models only",
    )


def _is_of_column(text: str, old: Catalog, new: Catalog) -> bool:
    before, _, after = text.rpartition(":")
    return not (before in old.tables and after in new.tables)


def _rename_table(before: str, after: str) -> Rename:
    up, down = (
        f"ALTER TABLE {identifier(one)} RENAME TO {identifier(other)};"
        for one, other in ((before, after), (after, before))
    )
    return Rename(f"table {before}", after, up, down, f"{before}:{after}")


def _rename_column(table: str, before: str, after: str) -> Rename:
    statement = f"ALTER TABLE {identifier(table)} RENAME COLUMN"
    option = f"{table}.{before}:{after}"
    return _rename(f"column {table}.{before}", statement, before, after, option)


def _rename(what: str, statement: str, before: str, after: str, option: str) -> Rename:
    return Rename(
        what,
        after,
        f"{statement} {identifier(before)} TO {identifier(after)};",
        f"{statement} {identifier(after)} TO {identifier(before)};",
        option,
    )


def _likeness_of_tables(old: Table, new: Table) -> float:
    there = {(column.name, column.type) for column in old.columns}
    wanted = {(column.name, column.type) for column in new.columns}
    return len(there & wanted) / max(len(there), len(wanted), 1)


def _likeness_of_columns(old: Column, new: Column) -> float:
    names = SequenceMatcher(None, old.name.lower(), new.name.lower()).ratio()
    if old.type == new.type:
        return 1 + names + (str(old) == str(new))
    return names if names >= _ALIKE_NAMES else 0


def _best_first(pairs: Iterator[tuple[float, str, str]]) -> list[tuple[float, str, str]]:
    return sorted(pairs, key=lambda pair: -pair[0])


def _missing(names: Mapping[str, object], others: Mapping[str, object]) -> list[str]:
    return [name for name in names if name not in others]


def _pairs(
    old: Mapping[str, str], new: Mapping[str, str], shape: Callable[[str], object]
) -> Iterator[tuple[str, str]]:
    """Pair dropped with added definitions of the same shape, each once."""
    added = _missing(new, old)
    for name in _missing(old, new):
        match = next((other for other in added if shape(old[name]) == shape(new[other])), None)
        if match is not None:
            added.remove(match)
            yield name, match


def _nameless_indexes(table: Table) -> dict[str, str]:
    return {name: without_name(text) for name, text in own_indexes(table).items()}
