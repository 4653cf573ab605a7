"""The base class of records, and the selection of the columns that a record reads."""

from typing import Any, ClassVar, NamedTuple, TypeVar, cast, get_args

from pydantic import ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema

from triosigno_db.enums import unknown_labels_accepted
from triosigno_db.records.base import WireModel

_UnboundT = TypeVar("_UnboundT")


class Selection(NamedTuple):
    """The columns of a record; records with the same columns have equal selections.

    Attributes:
        columns: The names of the columns, in the order of the fields of the record.
        nested: The name and the selection of each nested record.
    """

    columns: tuple[str, ...]
    nested: tuple[tuple[str, "Selection"], ...] = ()

    def inside(self, name: str) -> "Selection | None":
        """Return the selection of a nested record.

        Args:
            name: The name of the field that holds it, in camelCase.

        Returns:
            The selection, or `None` if the record has no such field.
        """
        return dict(self.nested).get(name)


NO_COLUMNS = Selection(())
"""The selection of a record that is not read."""


class Record(WireModel):
    """An immutable row; its JSON is the same as that of the Prisma client.

    The fields of a subclass, in order, are the columns that a statement reads. A field that is a
    record, or a tuple of records, holds related rows.
    """

    model_config = ConfigDict(
        defer_build=True,  # saves a third of the import time of the library
    )

    _selection: ClassVar[Selection | None] = None
    _table: ClassVar[str] = ""

    @classmethod
    def selection(cls) -> Selection:
        """Return the selection of the record.

        Returns:
            The names of the columns; those of nested records are listed separately.
        """
        selection: Selection | None = cls.__dict__.get("_selection")
        if selection is None:
            selection = cls._selection = _select(cls)
        return selection

    @classmethod
    def table(cls) -> str:
        """Return the name of the table for errors.

        Returns:
            The name of the model; for a record that is computed from several tables its own.
        """
        return cls._table or cls.__name__

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        with unknown_labels_accepted():
            return handler(source)


def _select(record: type[Record]) -> Selection:
    scalars, nested = [], []
    for name, field in record.model_fields.items():
        column = field.alias or name
        inside = record_in(field.annotation)
        if inside is None:
            scalars.append(column)
        else:
            nested.append((column, inside.selection()))
    return Selection(tuple(scalars), tuple(nested))


def record_in(annotation: Any) -> type[Record] | None:
    """Find the record in an annotation such as `Inner`, `Inner | None` or `tuple[Inner, ...]`.

    Args:
        annotation: The annotation.

    Returns:
        The first record class in it, or `None`.
    """
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return annotation
    found = (record_in(argument) for argument in get_args(annotation))
    return next((record for record in found if record is not None), None)


# The default must say nothing of its type: pyright takes the type of `Any` for the result, and mypy
# refuses that of the record class. A type variable that nothing binds leaves it to the argument's.
def default_shape(record: type[Record]) -> _UnboundT:  # type: ignore[type-var]
    """Return the default of a `shape` argument.

    The result type of a function follows from its `shape` argument. If that is omitted, type
    checkers use the default of the type variable, which is the same record class.

    Args:
        record: The record class.

    Returns:
        The same record class.
    """
    return cast("_UnboundT", record)
