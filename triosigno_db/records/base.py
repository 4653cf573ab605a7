"""Record and Input: camelCase on the wire, UTC, JSON as Prisma's client sends it."""

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, ClassVar, Self
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
    StringConstraints,
    ValidationError,
)
from pydantic.alias_generators import to_camel

from triosigno_db.arguments import check_id
from triosigno_db.errors import FieldError, InvalidInputError


def _to_json(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


Timestamp = Annotated[AwareDatetime, PlainSerializer(_to_json, return_type=str, when_used="json")]
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


class Record(BaseModel):
    """What comes out: immutable, and in JSON what Prisma's client would send.

    A subclass's fields, in their order, are the columns that a statement reads for it.
    """

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )

    _column_names: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        super().__pydantic_init_subclass__(**options)
        cls._column_names = tuple(field.alias or name for name, field in cls.model_fields.items())

    @classmethod
    def column_names(cls) -> tuple[str, ...]:
        """List the columns that hold the record's fields.

        Returns:
            Their names in the database, in the order of the fields.
        """
        return cls._column_names

    @classmethod
    def values_of(cls, row: Sequence[Any]) -> dict[str, Any]:
        """Name the values of a row.

        Args:
            row: A value for each field, in the order of the fields.

        Returns:
            The values by column.
        """
        return dict(zip(cls._column_names, row, strict=True))

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Self:
        """Make a record of a row.

        Args:
            row: A value for each field, in the order of the fields.

        Returns:
            The record.
        """
        return cls.model_validate(cls.values_of(row))


def row_reader(places: Mapping[str, int]) -> Callable[[Sequence[Any]], dict[str, Any]]:
    """Write a function that names values of a row, for rows that come by the hundred.

    It is written out as one dictionary display, `{"id": row[1], ...}`, which runs three times as
    fast as `dict(zip(...))`.

    Args:
        places: The place in the row of each column.

    Returns:
        A function from a row to values by column.
    """
    display = ", ".join(f"{column!r}: row[{place:d}]" for column, place in places.items())
    reader: Callable[[Sequence[Any]], dict[str, Any]]
    reader = eval(f"lambda row: {{{display}}}")  # noqa: S307 (names and numbers of our own)
    return reader


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
