"""The types of fields: timestamps, names, texts, URLs, references and orders."""

import re
import unicodedata
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Annotated, TypeVar
from urllib.parse import urlsplit
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
    PlainSerializer,
    PlainValidator,
    StringConstraints,
    TypeAdapter,
    ValidationError,
)

from triosigno_db.arguments import MAX_NAME, WHITE_SPACE, canonical, check_id, check_timestamp
from triosigno_db.enums import LabelEnum
from triosigno_db.errors import InvalidInputError

EnumT = TypeVar("EnumT", bound=LabelEnum)

_MAX_DECOMPOSED = 4
"""The maximum number of characters that form NFC composes into one."""

MAX_MARKS = 30
"""The maximum number of combining marks in a row, as in Unicode's stream-safe text format; sorting
more of them takes time that grows with the square of their number: https://www.unicode.org/reports/tr15/
"""

MAX_DESCRIPTION = 10_000
"""The maximum number of characters of a description."""


_MAX_KNOWN_TIMESTAMPS = 16_384
# pydantic's own text takes a third of the time of `isoformat`.
_text_of = TypeAdapter(datetime).serializer.to_python


class _TimestampsInJson(dict[datetime, str]):
    """The JSON of timestamps.

    Rows that are written together share their timestamps, and content is sent again and again.
    A look-up takes a tenth of the time of a call in Python, of which a tree needs 400.
    """

    def __missing__(self, timestamp: datetime) -> str:
        if timestamp.tzinfo is not UTC and timestamp.tzinfo is not None:
            # Of an object that was not validated: it is equal to the same time in UTC.
            timestamp = timestamp.astimezone(UTC)
        text: str = _text_of(timestamp, mode="json")
        # It has six digits of a second, or none.
        text = text[:23] + "Z" if timestamp.microsecond else text[:19] + ".000Z"
        if len(self) >= _MAX_KNOWN_TIMESTAMPS:
            self.clear()
        self[timestamp] = text
        return text


_ANY_TIMESTAMP = TypeAdapter(AwareDatetime)


def _in_utc(value: object) -> datetime:
    # Values from the database are in UTC already. This check takes a third of the time of pydantic,
    # which matters for hundreds of rows.
    if type(value) is datetime and value.tzinfo is UTC:
        return value
    try:
        timestamp = _ANY_TIMESTAMP.validate_python(value)
        return check_timestamp("timestamp", timestamp).replace(tzinfo=UTC)
    except InvalidInputError as exc:
        why = exc.why
    except ValidationError as exc:
        why = exc.errors(include_url=False, include_context=False, include_input=False)[0]["msg"]
    raise ValueError(why)


Timestamp = Annotated[
    datetime,
    PlainValidator(_in_utc, json_schema_input_type=AwareDatetime),
    PlainSerializer(_TimestampsInJson().__getitem__, return_type=str, when_used="json"),
]
"""A time in UTC; its JSON has the format of JavaScript, `2026-01-31T08:00:00.000Z`."""


def _refuse_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("must not contain a NUL byte")
    return text


def _canonical(maximum: int) -> BeforeValidator:
    def convert(value: object) -> object:
        if not isinstance(value, str):
            return value
        text = value.strip(WHITE_SPACE)
        if text.isascii() or len(text) > maximum * _MAX_DECOMPOSED:
            return text  # in form NFC already, or too long in any form
        if _marks_in_a_row(text) > MAX_MARKS:
            raise ValueError(f"must not have more than {MAX_MARKS} combining marks in a row")
        return canonical(text)

    return BeforeValidator(convert)


def _marks_in_a_row(text: str) -> int:
    runs = groupby(map(unicodedata.combining, text), key=bool)
    return max((sum(1 for _ in marks) for are_marks, marks in runs if are_marks), default=0)


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
    StringConstraints(min_length=1, max_length=MAX_NAME),
    _canonical(MAX_NAME),  # before the length is checked
    AfterValidator(_refuse_nul),
]
"""A name or title, 1 to 200 characters, trimmed, in Unicode's form NFC."""

Description = Annotated[
    str,
    StringConstraints(max_length=MAX_DESCRIPTION),
    _canonical(MAX_DESCRIPTION),
    AfterValidator(_refuse_nul),
]
"""A text of at most 10,000 characters, trimmed, in Unicode's form NFC; it may be empty."""

Url = Annotated[
    str,
    StringConstraints(strip_whitespace=True, max_length=2_048),
    AfterValidator(_refuse_nul),
    AfterValidator(_check_url),
]
"""An http or https URL, at most 2,048 characters."""

Reference = Annotated[str | UUID, BeforeValidator(_check_reference)]
"""The id of another row, 1 to 255 characters; validation converts a `uuid.UUID` to text."""


def _refuse_unknown(label: LabelEnum) -> LabelEnum:
    if not label.is_known:
        raise ValueError(f"must be one of {', '.join(type(label))}")
    return label


if TYPE_CHECKING:
    Known = Annotated[EnumT, None]
else:
    Known = Annotated[EnumT, AfterValidator(_refuse_unknown)]
"""A member of an enum; a label that was read and that the library does not know is refused."""

Order = Annotated[int, Field(strict=True, ge=0, le=2**31 - 1)]
"""A position in an order, lowest first."""
