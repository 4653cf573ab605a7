"""The base class of records, and the selection of the columns that a record reads."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Self, get_args

from pydantic import ConfigDict, ValidationError

from triosigno_db.errors import InvalidInputError
from triosigno_db.records.base import WireModel
from triosigno_db.records.validation import invalid_input


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
    def values_of(cls, row: Sequence[Any]) -> dict[str, Any]:
        """Convert a row to values by column.

        Args:
            row: A value for each column of the selection, in order.

        Returns:
            The values by column.
        """
        return dict(zip(cls.selection().columns, row, strict=True))

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Self:
        """Create a record from a row.

        Args:
            row: A value for each column of the selection, in order.

        Returns:
            The record.

        Raises:
            InvalidInputError: The type of a field does not match the stored value.
        """
        return cls.from_values(cls.values_of(row))

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """Create a record from values by column.

        Args:
            values: The values by column; the values of nested records are mappings too.

        Returns:
            The record.

        Raises:
            InvalidInputError: The type of a field does not match the stored value.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as exc:
            failure = _type_mismatch(exc, cls)
        # Outside the handler: the error of pydantic, which contains the values, must not be its
        # context.
        raise failure


def _select(record: type[Record]) -> Selection:
    scalars, nested = [], []
    for name, field in record.model_fields.items():
        column = field.alias or name
        inside = _record_in(field.annotation)
        if inside is None:
            scalars.append(column)
        else:
            nested.append((column, inside.selection()))
    return Selection(tuple(scalars), tuple(nested))


def _record_in(annotation: Any) -> type[Record] | None:
    """Find the record in an annotation such as `Inner`, `Inner | None` or `tuple[Inner, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, Record):
        return annotation
    found = (_record_in(argument) for argument in get_args(annotation))
    return next((record for record in found if record is not None), None)


def _type_mismatch(failure: ValidationError, record: type[Record]) -> InvalidInputError:
    wrong = "; ".join(f"{each.field}: {each.why}" for each in invalid_input(failure, record).errors)
    return InvalidInputError("shape", f"{record.__name__} does not match the database: {wrong}")


def default_shape(record: type[Record]) -> Any:
    """Return the default of a `shape` argument.

    The result type of a function follows from its `shape` argument. If that is omitted, type
    checkers use the default of the type variable, which is the same record class.

    Args:
        record: The record class.

    Returns:
        The same record class.
    """
    return record
