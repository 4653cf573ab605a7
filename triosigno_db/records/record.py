"""Record and Input: camelCase on the wire, UTC, JSON as Prisma's client sends it."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, NamedTuple, Self, get_args
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from triosigno_db.arguments import check_id, check_timestamp
from triosigno_db.errors import FieldError, InvalidInputError


def _to_json(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


_ANY_TIMESTAMP = TypeAdapter(AwareDatetime)


def _in_utc(value: object) -> datetime:
    # What the database gives is so already, and comes by the hundred: pydantic needs three times as
    # long to find that out.
    if type(value) is datetime and value.tzinfo is UTC:
        return value
    moment = _ANY_TIMESTAMP.validate_python(value)
    try:
        return check_timestamp("moment", moment).replace(tzinfo=UTC)
    except InvalidInputError as exc:
        raise ValueError(exc.why) from None


Timestamp = Annotated[
    datetime,
    PlainValidator(_in_utc, json_schema_input_type=AwareDatetime),
    PlainSerializer(_to_json, return_type=str, when_used="json"),
]
"""A moment in UTC; in JSON as JavaScript writes it, `2026-01-31T08:00:00.000Z`."""


def _refuse_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not hold a NUL byte")
    return text


def _check_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or re.search(r"\s", text):
        raise ValueError("must be a URL that starts with http:// or https://")
    return text


def _check_reference(value: object) -> str:
    try:
        return check_id("id", value)
    except InvalidInputError as exc:
        raise ValueError(exc.why) from None


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=200),
    AfterValidator(_refuse_nul),
]
"""A name or title, 1 to 200 characters, trimmed."""

Description = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=10_000),
    AfterValidator(_refuse_nul),
]
"""A text of at most 10,000 characters, trimmed; it may be empty."""

Url = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=2_048),
    AfterValidator(_refuse_nul),
    AfterValidator(_check_url),
]
"""A URL with http or https, at most 2,048 characters."""

Reference = Annotated[str | UUID, BeforeValidator(_check_reference)]
"""The id of another row; its text in lower case once it is checked."""

Order = Annotated[int, Field(strict=True, ge=0, le=2**31 - 1)]
"""A place in an order, lowest first."""


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


class Record(BaseModel):
    """What comes out: immutable, and in JSON what Prisma's client would send.

    A subclass's fields, in their order, are the columns that a statement reads for it; a field that
    is a record itself, or a tuple of records, holds related rows.
    """

    model_config = ConfigDict(
        frozen=True,
        defer_build=True,  # a third of the time that importing the library took
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        hide_input_in_errors=True,
    )

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
        # Outside of the handler: pydantic's error, which holds the values, is no context of it.
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
    """Give the default of a `shape` argument: the whole record.

    The type of what is returned follows from the argument, or from its default where it is left
    out; of the latter a type checker knows by the type variable's own default.

    Args:
        record: The record.

    Returns:
        The same record.
    """
    return record


RowLayout = Mapping[str, "int | RowLayout"]
"""Where in a row each column is; for a record inside, where its columns are."""


def row_reader(places: RowLayout) -> Callable[[Sequence[Any]], dict[str, Any]]:
    """Write a function that names values of a row, for rows that come by the hundred.

    It is written out as one dictionary display, `{"id": row[1], ...}`, which runs three times as
    fast as `dict(zip(...))`.

    Args:
        places: The place in the row of each column.

    Returns:
        A function from a row to values by column, those of records inside as such mappings.
    """
    reader: Callable[[Sequence[Any]], dict[str, Any]]
    reader = eval(f"lambda row: {_display(places)}")  # noqa: S307 (names and numbers of our own)
    return reader


def _display(places: RowLayout) -> str:
    items = (
        f"{name!r}: " + (f"row[{place:d}]" if isinstance(place, int) else _display(place))
        for name, place in places.items()
    )
    return f"{{{', '.join(items)}}}"


class Input(BaseModel):
    """What goes in: validated when it is made, every wrong field in one `InvalidInputError`."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
        hide_input_in_errors=True,
    )

    def __init__(self, **values: Any) -> None:
        failure = None
        try:
            super().__init__(**values)
        except ValidationError as exc:
            failure = invalid_input(exc, type(self))
        if failure is not None:
            # Outside of the handler: pydantic's error, which holds the values, is no context of it.
            raise failure

    # Frameworks that validate by pydantic's own way keep getting pydantic's own error.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


class _Unchanged:
    """What a field of a `Changes` holds that was not set."""

    def __repr__(self) -> str:
        return "<unchanged>"


_UNCHANGED = _Unchanged()
UNCHANGED: Any = Field(default_factory=lambda: _UNCHANGED)
"""The default of every field of a `Changes`."""


class Changes(Input):
    """What to change about a row: only the fields that are set; `None` clears what may be empty."""

    def changed(self) -> dict[str, Any]:
        """List what is to change.

        Returns:
            The fields that were set, with their values.
        """
        return {name: getattr(self, name) for name in sorted(self.model_fields_set)}


def invalid_input(failure: ValidationError, model: type[BaseModel]) -> InvalidInputError:
    """Turn pydantic's error into the library's.

    Args:
        failure: What pydantic found.
        model: The model that was validated, whose attributes are named instead of their aliases.

    Returns:
        One error that names every wrong field, without their values.
    """
    names = {field.alias: name for name, field in model.model_fields.items()}
    errors = [
        FieldError(_dotted(error["loc"], names), error["msg"].removeprefix("Value error, "))
        for error in failure.errors(include_input=False, include_url=False, include_context=False)
    ]
    return InvalidInputError(*errors[0], *errors[1:])


def _dotted(location: Sequence[int | str], names: dict[str | None, str]) -> str:
    first, *rest = location or ("input",)
    return ".".join(str(part) for part in (names.get(str(first), first), *rest))
