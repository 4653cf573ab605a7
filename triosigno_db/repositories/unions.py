"""Unions: one statement that reads the rows of several levels, such as those of a tree.

A join would repeat the columns of the module and the lesson for every sign. With a UNION ALL each
level has separate rows, marked with the number of the level. The levels share columns of the same
type.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import peewee

from triosigno_db.database.statements import columns
from triosigno_db.models import User
from triosigno_db.records import Selection

Values = dict[str, Any]
Row = Sequence[Any]
Reader = Callable[[Row], Values]

RowLayout = Mapping[str, "int | RowLayout"]
"""The position of each column in a row; for a nested record, its own row layout."""


class ColumnSet(NamedTuple):
    """The columns of one model on a level.

    Args:
        model: The model.
        selection: The selection of the record.
        keys: Columns that are always read, to assemble the rows.
        computed: Expressions that may be selected as well, by name, with their PostgreSQL types.
        inside: The column sets of nested records in the same row, by field.
        nested: The nested records that other levels read.
    """

    model: Any
    selection: Selection
    keys: tuple[str, ...] = ()
    computed: Mapping[str, tuple[Any, str]] = {}
    inside: Mapping[str, "ColumnSet"] = {}
    nested: tuple[str, ...] = ()

    def items(self) -> list[tuple[str, Any, str]]:
        """List the name, expression and type of each column."""
        expressions = {name: expression for name, (expression, _) in self.computed.items()}
        nested = (*self.inside, *self.nested)
        selected = columns(self.model, self.selection, computed=expressions, nested=nested)
        found = dict(zip(self.selection.columns, selected, strict=True))
        found |= {key: self.model._meta.columns[key] for key in self.keys}
        return [(name, each, self._type(name, each)) for name, each in found.items()]

    def _type(self, name: str, expression: Any) -> str:
        if name in self.computed:
            return self.computed[name][1]
        return str(expression.field_type)


class LevelUnion:
    """Several levels that share columns, so that a UNION ALL can combine them.

    Args:
        *column_sets: The columns of each level.

    Attributes:
        readers: For each level, a function that converts a row to values by column.
    """

    def __init__(self, *column_sets: ColumnSet) -> None:
        self._types: list[str] = []
        self._expressions: list[dict[int, Any]] = []
        self._layouts: list[Mapping[str, Any]] = []
        for column_set in column_sets:
            self._expressions.append({})
            self._layouts.append(self._lay_out(column_set, self._expressions[-1]))
        self.readers: list[Reader] = [row_reader(layout) for layout in self._layouts]

    def _lay_out(self, column_set: ColumnSet, expressions: dict[int, Any]) -> RowLayout:
        # The first column holds the number of the level.
        layout: dict[str, int | RowLayout] = {
            name: 1 + self._position_of(expression, kind, expressions)
            for name, expression, kind in column_set.items()
        }
        return layout | {
            name: self._lay_out(each, expressions) for name, each in column_set.inside.items()
        }

    def _position_of(self, expression: Any, kind: str, expressions: dict[int, Any]) -> int:
        for position, each in expressions.items():
            if each is expression:
                return position
        for position, each in enumerate(self._types):
            if each == kind and position not in expressions:
                break
        else:
            position = len(self._types)
            self._types.append(kind)
        expressions[position] = expression
        return position

    def select(self, level: int) -> list[Any]:
        """List the columns of one level for its SELECT.

        Args:
            level: The number of the level, from 0.

        Returns:
            The number, then an expression or NULL for each shared column.
        """
        expressions = self._expressions[level]
        nulls = map(_null, self._types)
        return [
            peewee.SQL(str(level)),
            *(expressions.get(position, null) for position, null in enumerate(nulls)),
        ]

    def position(self, level: int, name: str) -> int:
        """Return the position of a column in a row.

        Args:
            level: The number of the level.
            name: The name of the column.

        Returns:
            The position.
        """
        position: int = self._layouts[level][name]
        return position


class LazyRows:
    """Rows that are converted one by one while their records are created.

    The values of a row are freed as soon as its record is created. Hundreds of dictionaries at once
    would trigger the garbage collector of Python, which takes a tenth of the time of a call.

    Args:
        read: Converts a row to values by column.
        rows: The rows.
    """

    def __init__(self, read: Reader, rows: Sequence[Row]) -> None:
        self._read = read
        self._rows = rows

    def __iter__(self) -> Iterator[Values]:
        return map(self._read, self._rows)


def _null(kind: str) -> Any:
    # A quoted type is one of the enums, which are in the schema of the tables.
    name = peewee.Entity(User._meta.schema, kind.strip('"')) if kind[0] == '"' else peewee.SQL(kind)
    return peewee.NodeList((peewee.SQL("CAST(NULL AS "), name, peewee.SQL(")")), "")


def row_reader(layout: RowLayout) -> Callable[[Sequence[Any]], dict[str, Any]]:
    """Generate a function that converts a row to values by column.

    Its code is one dictionary display, `{"id": row[1], ...}`, which is three times as fast as
    `dict(zip(...))`.

    Args:
        layout: The position of each column in the row.

    Returns:
        A function that returns the values by column; those of nested records are mappings too.
    """
    reader: Callable[[Sequence[Any]], dict[str, Any]]
    reader = eval(f"lambda row: {_display(layout)}")  # noqa: S307 (constant names and numbers)
    return reader


def _display(layout: RowLayout) -> str:
    items = (
        f"{name!r}: " + (f"row[{position:d}]" if isinstance(position, int) else _display(position))
        for name, position in layout.items()
    )
    return f"{{{', '.join(items)}}}"
