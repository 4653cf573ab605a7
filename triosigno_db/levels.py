"""Levels: rows of several kinds, such as those of a tree, read by one statement.

A join would repeat the module's and the lesson's columns beside every sign. Here each level comes
as rows of its own, tagged with its place; the levels share columns wherever the types agree.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import peewee

from triosigno_db.models import User
from triosigno_db.records.base import Selection, row_reader
from triosigno_db.statements import columns

Values = dict[str, Any]
Reader = Callable[[Sequence[Any]], Values]


class Block(NamedTuple):
    """The columns of one model in a level.

    Args:
        model: The model.
        selection: What is wanted of it.
        keys: Columns that are read in any case, to put the rows together.
        computed: Expressions that may be wanted as well, by name, with their types in PostgreSQL.
        nested: The records inside that other blocks or levels read.
    """

    model: Any
    selection: Selection
    keys: tuple[str, ...] = ()
    computed: Mapping[str, tuple[Any, str]] = {}
    nested: tuple[str, ...] = ()

    def items(self) -> list[tuple[str, Any, str]]:
        """List what is selected: a name, an expression and its type for each column."""
        expressions = {name: expression for name, (expression, _) in self.computed.items()}
        selected = columns(self.model, self.selection, computed=expressions, nested=self.nested)
        found = dict(zip(self.selection.columns, selected, strict=True))
        found |= {key: self.model._meta.columns[key] for key in self.keys}
        return [(name, each, self._type(name, each)) for name, each in found.items()]

    def _type(self, name: str, expression: Any) -> str:
        if name in self.computed:
            return self.computed[name][1]
        return str(expression.field_type)


class Levels:
    """Several levels laid over each other, so that a UNION ALL can hold them.

    Args:
        *levels: The blocks of each level.

    Attributes:
        readers: For each level and each of its blocks, a function from a row to values by column.
    """

    def __init__(self, *levels: Sequence[Block]) -> None:
        self._types: list[str] = []
        self._slots: list[dict[int, Any]] = []
        self.readers: list[list[Reader]] = []
        for blocks in levels:
            slots: dict[int, Any] = {}
            readers = []
            for block in blocks:
                places = {}
                for name, expression, kind in block.items():
                    places[name] = place = self._place(kind, slots)
                    slots[place] = expression
                # The first column holds the level.
                readers.append(row_reader({name: place + 1 for name, place in places.items()}))
            self._slots.append(slots)
            self.readers.append(readers)

    def _place(self, kind: str, taken: Mapping[int, Any]) -> int:
        for place, each in enumerate(self._types):
            if each == kind and place not in taken:
                return place
        self._types.append(kind)
        return len(self._types) - 1

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


def _null(kind: str) -> Any:
    # A quoted type is one of the enums, which are where the tables are.
    name = peewee.Entity(User._meta.schema, kind.strip('"')) if kind[0] == '"' else peewee.SQL(kind)
    return peewee.NodeList((peewee.SQL("CAST(NULL AS "), name, peewee.SQL(")")), "")


def in_order(rows: Iterable[Values]) -> list[Values]:
    """Sort modules, lessons or signs of a lesson.

    Args:
        rows: Their values by column.

    Returns:
        Them by `order`, then by id.
    """
    return sorted(rows, key=lambda row: (row["order"], row["id"]))
