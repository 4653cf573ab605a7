"""Record: an immutable row, in JSON as Prisma's client sends it; a selection is what it reads."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, NamedTuple, Self, get_args

from pydantic import ConfigDict, ValidationError

from triosigno_db.errors import InvalidInputError
from triosigno_db.records.base import WireModel
from triosigno_db.records.validation import invalid_input


class Selection(NamedTuple):
    """The columns that a record is made of; two records of the same columns have equal ones.

    Attributes:
        columns: Names in the database, in the order of the record's fields.
        nested: The records inside, each a name and its selection.
    """

    columns: tuple[str, ...]
    nested: tuple[tuple[str, "Selection"], ...] = ()

    def inside(self, name: str) -> "Selection | None":
        """Find the selection of a record inside.

        Args:
            name: The name in the database of the field that holds it.

        Returns:
            Its selection; `None` where the record has no such field.
        """
        return dict(self.nested).get(name)


NO_COLUMNS = Selection(())
"""The selection of a record that is not wanted."""


class Record(WireModel):
    """A row that was read: immutable, and in JSON what Prisma's client would send.

    A subclass's fields, in their order, are the columns that a statement reads for it; a field that
    is a record itself, or a tuple of records, holds related rows.
    """

    model_config = ConfigDict(
        defer_build=True
    )  # a third of the time that importing the library took

    _selection: ClassVar[Selection | None] = None

    @classmethod
    def selection(cls) -> Selection:
        """List the columns that hold the record's fields.

        Returns:
            The names in the database, those of records inside apart.
        """
        selection: Selection | None = cls.__dict__.get("_selection")
        if selection is None:
            selection = cls._selection = _select(cls)
        return selection

    @classmethod
    def values_of(cls, row: Sequence[Any]) -> dict[str, Any]:
        """Name the values of a row.

        Args:
            row: A value for each column of the selection, in their order.

        Returns:
            The values by column.
        """
        return dict(zip(cls.selection().columns, row, strict=True))

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Self:
        """Make a record of a row.

        Args:
            row: A value for each column of the selection, in their order.

        Returns:
            The record.

        Raises:
            InvalidInputError: A field's type does not fit what the database holds.
        """
        return cls.from_values(cls.values_of(row))

    @classmethod
    def from_values(cls, values: Mapping[str, Any]) -> Self:
        """Make a record of what was read.

        Args:
            values: The values by column, and the records inside as such mappings.

        Returns:
            The record.

        Raises:
            InvalidInputError: A field's type does not fit what the database holds.
        """
        try:
            return cls.model_validate(values)
        except ValidationError as exc:
            failure = _type_mismatch(exc, cls)
        # Outside of the handler: pydantic's error, which holds the values, is not its context.
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
    return InvalidInputError("shape", f"{record.__name__} does not fit what is stored: {wrong}")


def default_shape(record: type[Record]) -> Any:
    """Give the default of a `shape` argument.

    The type of what is returned follows from the argument, or from its default where it is left
    out; of the latter a type checker knows by the type variable's own default.

    Args:
        record: The record.

    Returns:
        The same record.
    """
    return record
