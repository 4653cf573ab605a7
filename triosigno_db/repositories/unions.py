"""LevelUnion: rows of several kinds, such as those of a tree, read by one statement.

A join would repeat the module's and the lesson's columns beside every sign. Here each level comes
as rows of its own, tagged with its place; the levels share columns wherever the types agree.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import peewee

from triosigno_db.database.statements import columns
from triosigno_db.models import User
from triosigno_db.records.record import RowLayout, Selection, row_reader

Values = dict[str, Any]
Row = Sequence[Any]
Reader = Callable[[Row], Values]


class ColumnSet(NamedTuple):
    """The columns of one model in a level.

    Args:
        model: The model.
        selection: What is wanted of it.
        keys: Columns that are read in any case, to put the rows together.
        computed: Expressions that may be wanted as well, by name, with their types in PostgreSQL.
        inside: Blocks that come in the same row, by the field that holds what is read of them.
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
    """Several levels laid over each other, so that a UNION ALL can hold them.

    Args:
        *blocks: The block of each level.

    Attributes:
        readers: For each level a function from a row to values by column.
    """

    def __init__(self, *blocks: ColumnSet) -> None:
        self._types: list[str] = []
        self._slots: list[dict[int, Any]] = []
        self._places: list[Mapping[str, Any]] = []
        for block in blocks:
            self._slots.append({})
            self._places.append(self._lay(block, self._slots[-1]))
        self.readers: list[Reader] = [row_reader(places) for places in self._places]

    def _lay(self, block: ColumnSet, slots: dict[int, Any]) -> RowLayout:
        # The first column holds the level.
        places: dict[str, int | RowLayout] = {
            name: 1 + self._place(expression, kind, slots)
            for name, expression, kind in block.items()
        }
        return places | {name: self._lay(each, slots) for name, each in block.inside.items()}

    def _place(self, expression: Any, kind: str, slots: dict[int, Any]) -> int:
        for place, each in slots.items():
            if each is expression:
                return place
        for place, each in enumerate(self._types):
            if each == kind and place not in slots:
                break
        else:
            place = len(self._types)
            self._types.append(kind)
        slots[place] = expression
        return place

    def select(self, level: int) -> list[Any]:
        """List the columns of one level for its SELECT.

        Args:
            level: The level's number, from 0.

        Returns:
            The number, then an expression or a null for each column that the levels share.
        """
        slots = self._slots[level]
        nulls = map(_null, self._types)
        return [
            peewee.SQL(str(level)),
            *(slots.get(place, null) for place, null in enumerate(nulls)),
        ]

    def position(self, level: int, name: str) -> int:
        """Find a column in a row that was not read yet.

        Args:
            level: The level's number.
            name: The column.

        Returns:
            Its place in the row.
        """
        position: int = self._places[level][name]
        return position


class LazyRows:
    """Rows that are read one by one while records are made of them.

    So the values of a row are given up as soon as its record is there: hundreds of dictionaries at
    once would set off Python's collector of garbage, which takes a tenth of a call's time.

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
