"""Unions: rows of several kinds, such as those of a tree, read by one statement.

A join would repeat the module's and the lesson's columns beside every sign. Here each level comes
as rows of its own, tagged with its position; the levels share columns wherever the types agree.
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
"""Where in a row each column is; for a record inside, where its columns are."""


class ColumnSet(NamedTuple):
    """The columns of one model in a level.

    Args:
        model: The model.
        selection: What is wanted of it.
        keys: Columns that are read in any case, to put the rows together.
        computed: Expressions that may be wanted as well, by name, with their types in PostgreSQL.
        inside: Column sets that come in the same row, by the field that holds what is read of them.
        nested: The records inside that other levels read.
    """

    model: Any
    selection: Selection
    keys: tuple[str, ...] = ()
    computed: Mapping[str, tuple[Any, str]] = {}
    inside: Mapping[str, "ColumnSet"] = {}
    nested: tuple[str, ...] = ()

    def items(self) -> list[tuple[str, Any, str]]:
        """List what is selected: a name, an expression and its type for each column."""
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
    """Several levels that share columns, so that a UNION ALL can hold them.

    Args:
        *column_sets: The columns of each level.

    Attributes:
        readers: For each level a function from a row to values by column.
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
        # The first column holds the level.
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
            level: The level's number, from 0.

        Returns:
            The number, then an expression or a null for each column that the levels share.
        """
        expressions = self._expressions[level]
        nulls = map(_null, self._types)
        return [
            peewee.SQL(str(level)),
            *(expressions.get(position, null) for position, null in enumerate(nulls)),
        ]

    def position(self, level: int, name: str) -> int:
        """Find a column in a row that was not read yet.

        Args:
            level: The level's number.
            name: The column.

        Returns:
            Its position in the row.
        """
        position: int = self._layouts[level][name]
        return position


class LazyRows:
    """Rows that are read one by one while records are made of them.

    So the values of a row are freed as soon as its record is made: hundreds of dictionaries at once
    would start Python's garbage collector, which takes a tenth of a call's time.

    Args:
        read: Reads a row.
        rows: The rows.
    """

    def __init__(self, read: Reader, rows: Sequence[Row]) -> None:
        self._read = read
        self._rows = rows

    def __iter__(self) -> Iterator[Values]:
        return map(self._read, self._rows)


def _null(kind: str) -> Any:
    # A quoted type is one of the enums, which are where the tables are.
    name = peewee.Entity(User._meta.schema, kind.strip('"')) if kind[0] == '"' else peewee.SQL(kind)
    return peewee.NodeList((peewee.SQL("CAST(NULL AS "), name, peewee.SQL(")")), "")


def row_reader(layout: RowLayout) -> Callable[[Sequence[Any]], dict[str, Any]]:
    """Write a function that names values of a row, for rows that come by the hundred.

    It is written out as one dictionary display, `{"id": row[1], ...}`, which runs three times as
    fast as `dict(zip(...))`.

    Args:
        layout: The position in the row of each column.

    Returns:
        A function from a row to values by column, those of records inside as such mappings.
    """
    reader: Callable[[Sequence[Any]], dict[str, Any]]
    reader = eval(f"lambda row: {_display(layout)}")  # noqa: S307 (names and numbers of our own)
    return reader


def _display(layout: RowLayout) -> str:
    items = (
        f"{name!r}: " + (f"row[{position:d}]" if isinstance(position, int) else _display(position))
        for name, position in layout.items()
    )
    return f"{{{', '.join(items)}}}"
