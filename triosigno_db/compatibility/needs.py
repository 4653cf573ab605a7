"""What each function needs of the tables: the columns that its statements use and write.

`needs.json` is generated, never edited: `make needs` calls every function, records the statements
that it sends, and asks PostgreSQL which columns each of them uses.
"""

import json
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from triosigno_db.models import BaseModel
from triosigno_db.models.fields import EnumField

FILE = "needs.json"

Columns = Mapping[str, frozenset[str]]
"""Columns by their table."""

_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Need:
    """What a function needs.

    Attributes:
        function: The name of the function.
        writes_rows: Whether it writes or locks rows.
        uses: The columns that must exist. A table without columns must exist as well.
        writes: The columns that it gives values to.
        inserts: The columns that each of its INSERTs gives a value to.
        conflicts: The columns of each ON CONFLICT, by table.
        deletes: The tables that it deletes rows of; foreign keys may delete further rows.
        enums: The enum types whose labels it sends.
        casts: The enum types that its statements name.
    """

    function: str
    writes_rows: bool
    uses: Columns
    writes: Columns
    inserts: Columns
    conflicts: Mapping[str, tuple[frozenset[str], ...]]
    deletes: frozenset[str]
    enums: frozenset[str]
    casts: frozenset[str]


@dataclass(frozen=True)
class Needs:
    """What all functions need.

    Attributes:
        functions: The need of each function.
    """

    functions: tuple[Need, ...]

    def of(self, is_touched: Callable[[Need], bool]) -> tuple[Need, ...]:
        """Find the functions that a change touches.

        Args:
            is_touched: Decides whether it touches one.

        Returns:
            The needs of these functions.
        """
        return tuple(need for need in self.functions if is_touched(need))

    def using(self, table: str, column: str | None = None) -> tuple[Need, ...]:
        """Find the functions with a statement that names a table or a column.

        Args:
            table: The table.
            column: The column; by default any, or none.

        Returns:
            The needs of these functions.
        """
        if column is None:
            return self.of(lambda need: table in need.uses)
        return self.of(lambda need: column in need.uses.get(table, ()))

    def writing(self, table: str, columns: Collection[str]) -> tuple[Need, ...]:
        """Find the functions that give a value to at least one of some columns.

        Args:
            table: The table.
            columns: The columns.

        Returns:
            The needs of these functions.
        """
        return self.of(lambda need: not need.writes.get(table, _NONE).isdisjoint(columns))

    def omitting(self, table: str, column: str) -> tuple[Need, ...]:
        """Find the functions that insert rows without a value for a column.

        Args:
            table: The table.
            column: The column.

        Returns:
            The needs of these functions.
        """
        return self.of(lambda need: table in need.inserts and column not in need.inserts[table])

    def deleting(self, tables: Collection[str]) -> tuple[Need, ...]:
        """Find the functions that delete rows of at least one of some tables.

        Args:
            tables: The tables.

        Returns:
            The needs of these functions.
        """
        return self.of(lambda need: not need.deletes.isdisjoint(tables))

    def sending(self, enum: str) -> tuple[Need, ...]:
        """Find the functions that send labels of an enum type.

        Args:
            enum: The type.

        Returns:
            The needs of these functions.
        """
        return self.of(lambda need: enum in need.enums)

    def casting(self, enum: str) -> tuple[Need, ...]:
        """Find the functions with a statement that names an enum type.

        Args:
            enum: The type.

        Returns:
            The needs of these functions.
        """
        return self.of(lambda need: enum in need.casts)


@cache
def library_needs() -> Needs:
    """Read what the functions of the library need.

    Returns:
        The needs.
    """
    read = json.loads(files(__package__).joinpath(FILE).read_text("utf-8"))
    return Needs(tuple(_need(function, need) for function, need in sorted(read.items())))


def needs_of(services: tuple[type[BaseModel], ...] = ()) -> Needs:
    """List what the functions of the library need, and what the functions of services may need.

    Args:
        services: The models of services. Functions that use one may read and write each of its
            columns; the name of the model stands for them.

    Returns:
        The needs.
    """
    return Needs((*library_needs().functions, *map(_need_of_model, services)))


def _need_of_model(model: type[BaseModel]) -> Need:
    columns = {model._meta.table_name: frozenset(model._meta.columns)}
    fields = model._meta.sorted_fields
    return Need(
        model.__name__,
        writes_rows=True,
        uses=columns,
        writes=columns,
        inserts=columns,
        conflicts={},
        deletes=frozenset(columns),
        enums=frozenset(each.enum.__name__ for each in fields if isinstance(each, EnumField)),
        casts=frozenset(),
    )


def _need(function: str, need: Mapping[str, Any]) -> Need:
    return Need(
        function,
        writes_rows=need.get("writes_rows", False),
        uses=_columns(need.get("uses", {})),
        writes=_columns(need.get("writes", {})),
        inserts=_columns(need.get("inserts", {})),
        conflicts={
            table: tuple(frozenset(each) for each in targets)
            for table, targets in need.get("conflicts", {}).items()
        },
        deletes=frozenset(need.get("deletes", ())),
        enums=frozenset(need.get("enums", ())),
        casts=frozenset(need.get("casts", ())),
    )


def _columns(by_table: Mapping[str, list[str]]) -> Columns:
    return {table: frozenset(columns) for table, columns in by_table.items()}
