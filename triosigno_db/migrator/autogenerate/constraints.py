"""The statements that drop and create indexes and constraints."""

from collections.abc import Iterator, Mapping

from triosigno_db.database.quoting import identifier
from triosigno_db.migrator.autogenerate.change import Change, own_indexes
from triosigno_db.migrator.autogenerate.deparsed import names_in, unquoted
from triosigno_db.schema.catalog import (
    NOT_VALID,
    Table,
    as_valid,
    is_same_constraint,
    needs_trigrams,
)
from triosigno_db.schema.own_objects import index_script

_KEYS = ("PRIMARY KEY", "UNIQUE", "CHECK", "EXCLUDE")
_REFERENCES = " REFERENCES "


def drop_constraints(change: Change) -> Iterator[str]:
    """Write the statements that drop constraints, foreign keys first, because they need the keys.

    Args:
        change: The change.

    Yields:
        The statements, each with a comment.
    """
    for wants_keys in (False, True):
        for name, table in change.old.tables.items():
            is_dropped = name not in change.new.tables
            for constraint, text in table.constraints.items():
                is_key = text.startswith(_KEYS)
                if is_key is not wants_keys or is_kept(change, name, constraint):
                    continue
                if is_dropped and is_key:
                    continue  # dropped with its table
                what = "DropConstraint" if is_key else "DropForeignKey"
                yield (
                    f"-- {what}\nALTER TABLE {identifier(name)} "
                    f"DROP CONSTRAINT {identifier(constraint)};"
                )


def drop_indexes(change: Change) -> Iterator[str]:
    """Write the statements that drop indexes.

    Args:
        change: The change.

    Yields:
        The statements, each with a comment.
    """
    for name in change.kept:
        for index, text in own_indexes(change.old.tables[name]).items():
            if not _is_index_kept(change, name, index):
                where = "IF EXISTS " if needs_trigrams(text) else ""
                yield f"-- DropIndex\nDROP INDEX {where}{identifier(index)};"


def create_indexes(change: Change) -> Iterator[str]:
    """Write the statements that create indexes.

    Args:
        change: The change.

    Yields:
        The statements, each with a comment.
    """
    for name, table in change.new.tables.items():
        for index, text in own_indexes(table).items():
            if change.is_new_table(name) or not _is_index_kept(change, name, index):
                yield f"-- CreateIndex\n{index_script(text)}"


def add_constraints(change: Change, *, is_undo: bool) -> Iterator[str]:
    """Write the statements that add constraints, foreign keys last, because they need the keys.

    A CHECK is added without a look at existing rows, because they could make the deployment fail;
    where a change is undone, a foreign key as well.

    Args:
        change: The change.
        is_undo: Whether the change undoes another.

    Yields:
        The statements, each with a comment.
    """
    for wants_keys in (True, False):
        for name, table in change.new.tables.items():
            is_new = change.is_new_table(name)
            for constraint, text in table.constraints.items():
                is_key = text.startswith(_KEYS)
                in_table = is_new and text.startswith("PRIMARY KEY")
                if is_key is not wants_keys or in_table or is_kept(change, name, constraint):
                    continue
                what = "AddConstraint" if is_key else "AddForeignKey"
                added = text if is_new else _without_validation(change, name, constraint, is_undo)
                yield (
                    f"-- {what}\nALTER TABLE {identifier(name)} ADD CONSTRAINT "
                    f"{identifier(constraint)} {added};"
                )


def is_kept(change: Change, table: str, constraint: str) -> bool:
    """Return whether a constraint stays as it is.

    Args:
        change: The change.
        table: Its table.
        constraint: Its name.

    Returns:
        `False` if it is dropped, added or changed, or has to be created again, because a column or
        a type that it depends on is.
    """
    old, new = _constraints(change.old.tables, table), _constraints(change.new.tables, table)
    text = new.get(constraint)
    if text is None or not is_same_constraint(old.get(constraint), text):
        return False
    if change.uses_rebuilt(text):
        return False
    if text.startswith("FOREIGN KEY"):
        referred = unquoted(text.partition(_REFERENCES)[2].partition("(")[0])
        return not (
            _names_retyped(change, table, text)
            or _names_retyped(change, referred, text)
            or _loses_key(change, referred, text)
        )
    return not (text.startswith(("CHECK", "EXCLUDE")) and _names_retyped(change, table, text))


def _loses_key(change: Change, referred: str, foreign_key: str) -> bool:
    """Return whether a key that a foreign key may depend on is dropped, and maybe created again."""
    if referred not in change.kept:
        return False
    table = change.old.tables[referred]
    keys = [
        text
        for name, text in table.constraints.items()
        if text.startswith(("PRIMARY KEY", "UNIQUE")) and not is_kept(change, referred, name)
    ] + [
        text
        for name, text in own_indexes(table).items()
        if text.startswith("CREATE UNIQUE") and not _is_index_kept(change, referred, name)
    ]
    named = {*names_in(foreign_key)} & {column.name for column in table.columns}
    return any(not named.isdisjoint(names_in(key)) for key in keys)


def _is_index_kept(change: Change, table: str, index: str) -> bool:
    text = own_indexes(change.new.tables[table]).get(index)
    if text is None or own_indexes(change.old.tables[table]).get(index) != text:
        return False
    # PostgreSQL itself builds an index again whose columns get another type; one with a condition
    # or an expression may not be possible in between.
    is_plain = " WHERE " not in text and text.count("(") == 1
    return is_plain or not (change.uses_rebuilt(text) or _names_retyped(change, table, text))


def _names_retyped(change: Change, table: str, text: str) -> bool:
    return not change.retyped.get(table, frozenset()).isdisjoint(names_in(text))


def _constraints(tables: Mapping[str, Table], name: str) -> Mapping[str, str]:
    return tables[name].constraints if name in tables else {}


def _without_validation(change: Change, table: str, constraint: str, is_undo: bool) -> str:
    text = change.new.tables[table].constraints[constraint]
    before = change.old.tables[table].constraints.get(constraint)
    if before is not None and is_same_constraint(before, text) and not is_undo:
        return before
    spares_rows = text.startswith("CHECK") or (is_undo and text.startswith("FOREIGN KEY"))
    return as_valid(text) + NOT_VALID if spares_rows else text
