"""The rows because of which a change of the schema would fail."""

import re
from collections.abc import Collection, Iterator
from functools import partial

from triosigno_db.database.quoting import literal
from triosigno_db.migrator.autogenerate.casts import as_input, does_not_fit
from triosigno_db.migrator.autogenerate.change import Change, columns_of, own_indexes
from triosigno_db.migrator.autogenerate.columns import needs_value, restored_columns
from triosigno_db.migrator.autogenerate.deparsed import (
    base_type,
    names_in,
    replace_names,
    unquoted,
    without_name,
)
from triosigno_db.migrator.autogenerate.findings import Finding, Today
from triosigno_db.schema.catalog import Catalog, Column

_FOREIGN_KEY = re.compile(
    r"FOREIGN KEY \((?P<columns>.+?)\) REFERENCES (?P<table>\"(?:[^\"]|\"\")+\"|\S+?)"
    r"\((?P<referred>.+?)\)(?: |$)"
)
_CONSTANT = re.compile(r"('(?:[^']|'')*')::")
_ORDER = re.compile(r" (?:ASC|DESC|NULLS FIRST|NULLS LAST)\b|(?<=[\w\")]) [a-z_]+_ops$")


def find_blockers(change: Change, today: Today, *, is_undo: bool = False) -> Iterator[Finding]:
    """Find the rows that prevent a change: NULLs, duplicates, orphans and values that do not fit.

    Args:
        change: The change.
        today: The names where the rows are counted.
        is_undo: Whether the change undoes another, whose script gives required columns a value and
            does not look at existing rows for foreign keys.

    Yields:
        The possible blockers. Whether there are such rows is up to the database.
    """
    for name in change.kept:
        source = today.source(name)
        if source is None:
            continue
        finder = _Finder(change, today, name, source, is_undo=is_undo)
        yield from finder.missing_values()
        yield from finder.values_that_do_not_fit()
        yield from finder.duplicates()
        if not is_undo:
            yield from finder.orphans()


class _Finder:
    """Finds what prevents the change of one table that is kept."""

    def __init__(
        self, change: Change, today: Today, table: str, source: str, *, is_undo: bool = False
    ) -> None:
        self.change = change
        self.today = today
        self.table = table
        self.source = source
        self.old = columns_of(change.old.tables[table])
        self.new = columns_of(change.new.tables[table])
        restored = restored_columns(change) if is_undo else ()
        self.restored = {each.column.name: each for each in restored if each.table == table}

    def missing_values(self) -> Iterator[Finding]:
        for key, column in self.new.items():
            about = f"{self.today.describe(self.table)}.{key}"
            if key not in self.old:
                restored = self.restored.get(key)
                is_filled = restored and (restored.filler or not restored.is_in_key)
                if needs_value(column) and not is_filled:
                    yield Finding(
                        f"{about} is required and has no default",
                        f"SELECT * FROM {self.source}",  # noqa: S608 (quoted names)
                    )
            elif self.old[key].nullable and not column.nullable:
                value = self.today.column(self.table, key)
                if value is not None:
                    yield self._rows(
                        f"{self.today.describe(self.table, key)} becomes required",
                        f"{value} IS NULL",
                    )

    def values_that_do_not_fit(self) -> Iterator[Finding]:
        for key, column in self.new.items():
            value = self.today.column(self.table, key)
            if key not in self.old or value is None:
                continue
            about = self.today.describe(self.table, key)
            was, enum = self.old[key].type, base_type(column.type)
            labels = self.change.new.enums.get(enum)
            if was == column.type:
                gone = _removed_labels(self.change, enum)
                for label in gone:
                    held = f"{literal(label)} = ANY ({value}::text[])"
                    plain = f"{value}::text = {literal(label)}"
                    yield self._rows(
                        f"{about} holds {label}", held if was.endswith("[]") else plain
                    )
            elif condition := does_not_fit(value, was, column.type, labels):
                yield self._rows(f"values of {about} are not of the type {column.type}", condition)

    def duplicates(self) -> Iterator[Finding]:
        for name, columns, condition in self._new_keys():
            values = [self._expression(column) for column in columns]
            where = [self._expression(condition)] if condition else []
            if None in values or None in where:
                continue
            known = [value for value in values if value is not None]
            conditions = " AND ".join(
                [*(f"({each})" for each in where), *(f"({value}) IS NOT NULL" for value in known)]
            )
            listed = ", ".join(known)
            # A constant in GROUP BY would be the number of a column.
            grouped = ", ".join(f"({value})" for value in known)
            yield Finding(
                f"duplicates in {self.today.describe(self.table)} under {name}",
                f"SELECT {listed}, pg_catalog.count(*) FROM {self.source} "  # noqa: S608 (quoted)
                f"WHERE {conditions} GROUP BY {grouped} HAVING pg_catalog.count(*) > 1",
            )

    def orphans(self) -> Iterator[Finding]:
        before = self.change.old.tables[self.table].constraints.values()
        for name, text in self.change.new.tables[self.table].constraints.items():
            key = _FOREIGN_KEY.match(text)
            if key is None or text in before:
                continue
            values = [self._expression(each) for each in split_list(key["columns"])]
            known = [value for value in values if value is not None]
            if len(known) == len(values):
                present = " AND ".join(f"({value}) IS NOT NULL" for value in known)
                yield self._rows(
                    f"{self.today.describe(self.table)} refers to missing rows by {name}",
                    present + self._unless_referred(key, known),
                )

    def _unless_referred(self, key: re.Match[str], values: list[str]) -> str:
        referred = unquoted(key["table"])
        source = self.today.source(referred)
        if source is None or referred not in self.change.kept:
            return ""  # a new table has no rows
        other = _Finder(self.change, self.today, referred, source)
        columns = [other._expression(each, "referred.") for each in split_list(key["referred"])]
        pairs = " AND ".join(
            f"({column}) = ({value})" for column, value in zip(columns, values, strict=True)
        )
        mine = pairs if None not in columns else "false"
        return f" AND NOT EXISTS (SELECT FROM {source} referred WHERE {mine})"

    def _rows(self, what: str, condition: str) -> Finding:
        return Finding(what, f"SELECT * FROM {self.source} WHERE {condition}")  # noqa: S608 (quoted)

    def _new_keys(self) -> Iterator[tuple[str, list[str], str | None]]:
        """Yield the unique keys that are added or change: name, columns, condition."""
        table, before = self.change.new.tables[self.table], self.change.old.tables[self.table]
        for name, text in table.constraints.items():
            is_key = text.startswith(("PRIMARY KEY (", "UNIQUE ("))
            if is_key and self._may_be_violated(text, before.constraints.values()):
                yield name, split_list(_parenthesized(text)), None
        there = [without_name(text) for text in own_indexes(before).values()]
        for name, text in own_indexes(table).items():
            is_unique = text.startswith("CREATE UNIQUE INDEX")
            if is_unique and self._may_be_violated(without_name(text), there):
                listed = text.partition(" USING ")[2].partition(" ")[2]
                condition = listed.partition(" WHERE ")[2] or None
                columns = [_ORDER.sub("", each) for each in split_list(_parenthesized(listed))]
                yield name, columns, condition

    def _may_be_violated(self, text: str, before: Collection[str]) -> bool:
        names = names_in(text)
        return text not in before or any(
            self.old[name].type != self.new[name].type
            for name in self.change.retyped[self.table]
            if name in names
        )

    def _expression(self, text: str, prefix: str = "") -> str | None:
        """Write an expression on the new columns as one on the columns of today."""
        missing: list[str] = []

        def column(name: str) -> str | None:
            if name not in self.new:
                return None
            value = self._value(self.new[name], prefix)
            if value is None:
                missing.append(name)
            return value

        written = replace_names(text, column, partial(_type_today, self.change))
        return None if missing else written

    def _value(self, column: Column, prefix: str) -> str | None:
        if restored := self.restored.get(column.name):
            is_null = restored.filler is None
            return f"NULL::{_plain_type(self.change.new, column)}" if is_null else None
        if column.name not in self.old:
            return _default(self.change, column)
        value = self.today.column(self.table, column.name)
        if value is None:
            return None
        was = self.old[column.name].type
        if base_type(column.type) in {*self.change.new.enums, *self.change.old.enums}:
            return f"{prefix}{value}::text" + "[]" * column.type.endswith("[]")
        if was == column.type:
            return f"{prefix}{value}"
        return f"{as_input(prefix + value, was, column.type)}::{column.type}"


def split_list(text: str) -> list[str]:
    """Split a list at the commas outside of parentheses and quotes.

    Args:
        text: The list in its deparsed form.

    Returns:
        Its items.
    """
    items, depth, quote, start = [], 0, "", 0
    for position, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character == "," and depth == 0:
            items.append(text[start:position].strip())
            start = position + 1
    return [*items, text[start:].strip()]


def _parenthesized(text: str) -> str:
    """Return what is in the first pair of parentheses."""
    start = text.index("(") + 1
    depth, quote = 1, ""
    for position, character in enumerate(text[start:], start):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        else:
            depth += (character == "(") - (character == ")")
            if depth == 0:
                return text[start:position]
    return text[start:]


def _removed_labels(change: Change, enum: str) -> list[str]:
    if enum not in change.changed_enums:
        return []
    return [label for label in change.old.enums[enum] if label not in change.new.enums[enum]]


def _type_today(change: Change, name: str) -> str | None:
    return "text" if name in {*change.new.enums, *change.old.enums} else None


def _default(change: Change, column: Column) -> str | None:
    """Write the value that existing rows get in a column that is added."""
    if column.default is None:
        return f"NULL::{_plain_type(change.new, column)}"
    constant = _CONSTANT.match(column.default)
    if constant and base_type(column.type) in change.new.enums:
        return f"{constant[1]}::text"
    is_distinct = "(" in column.default and not column.default.startswith("'")
    return None if is_distinct else f"({column.default})::{_plain_type(change.new, column)}"


def _plain_type(catalog: Catalog, column: Column) -> str:
    return "text" if base_type(column.type) in catalog.enums else column.type
