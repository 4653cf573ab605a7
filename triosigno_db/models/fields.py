"""The column types: ids, text, numbers, enums, UTC timestamps and references.

Each refuses what its column can't hold before anything is sent, naming the attribute.
"""

import uuid
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Self, TypeVar, overload

import peewee

from triosigno_db.arguments import check_timestamp, is_unicode
from triosigno_db.errors import InvalidInputError

if TYPE_CHECKING:
    # Generic in peewee's stubs only, not when the program runs.
    _Text = peewee.TextField[str]
    _Integer = peewee.IntegerField[int]
    _Boolean = peewee.BooleanField[bool]
    _Timestamp = peewee.Field[datetime]
else:
    _Text = peewee.TextField
    _Integer = peewee.IntegerField
    _Boolean = peewee.BooleanField
    _Timestamp = peewee.Field

EnumT = TypeVar("EnumT", bound=StrEnum)

MAX_INTEGER = 2**31 - 1
"""The greatest value of PostgreSQL's `integer`."""


def new_id() -> str:
    """Create an id.

    Returns:
        A random UUID (version 4) as 36 characters, as Prisma's `uuid()` makes them.
    """
    return str(uuid.uuid4())


def utc_now() -> datetime:
    """Return the current time.

    Returns:
        The current time in UTC, in whole milliseconds.
    """
    return _to_milliseconds(datetime.now(UTC))


def _to_milliseconds(value: datetime) -> datetime:
    return value.replace(microsecond=value.microsecond // 1000 * 1000)


def _refuse(field: peewee.Field, why: str) -> NoReturn:
    raise InvalidInputError(_name_of(field), why)


def _name_of(field: peewee.Field) -> str:
    return getattr(field, "name", None) or "value"


class TextField(_Text):
    """A `text` column."""

    def db_value(self, value: Any) -> str | None:
        """Check a text on its way to the driver."""
        if value is None:
            return None
        if not isinstance(value, str):
            _refuse(self, "must be a text")
        if "\0" in value:
            _refuse(self, "must not hold a NUL byte")
        if not is_unicode(value):
            _refuse(self, "must be valid Unicode text")
        return value


class IdField(TextField):
    """The primary key: a UUID in a `text` column, made by the library."""

    def __init__(self, **options: Any) -> None:
        super().__init__(primary_key=True, default=new_id, **options)

    def db_value(self, value: Any) -> str | None:
        """Accept a `uuid.UUID` as well as its text."""
        return super().db_value(str(value) if isinstance(value, uuid.UUID) else value)


class IntegerField(_Integer):
    """An `integer` column, 32 bits."""

    def db_value(self, value: Any) -> int | None:
        """Check a number on its way to the driver."""
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            _refuse(self, "must be a whole number")
        if not -MAX_INTEGER - 1 <= value <= MAX_INTEGER:
            _refuse(self, "must fit into 32 bits")
        return value


class BooleanField(_Boolean):
    """A `boolean` column."""

    def db_value(self, value: Any) -> bool | None:
        """Refuse what is only true-ish."""
        if value is not None and not isinstance(value, bool):
            _refuse(self, "must be True or False")
        return value


class EnumField(peewee.Field, Generic[EnumT]):
    """A column of one of the database's enum types.

    Args:
        enum: The Python enum; its class name is the type's name in PostgreSQL.
        **options: As for any Peewee field.
    """

    if TYPE_CHECKING:

        @overload
        def __get__(self, instance: None, owner: Any) -> Self: ...
        @overload
        def __get__(self, instance: object, owner: Any) -> EnumT: ...
        def __get__(self, instance: Any, owner: Any) -> Any: ...

    def __init__(self, enum: type[EnumT], **options: Any) -> None:
        super().__init__(**options)
        self.enum = enum

    @property
    def field_type(self) -> str:  # type: ignore[override]
        """The type's quoted name in PostgreSQL."""
        return f'"{self.enum.__name__}"'

    def db_value(self, value: Any) -> str | None:
        """Turn a member, or its label, into the label."""
        if value is None:
            return None
        try:
            return self.enum(value).value
        except ValueError:
            _refuse(self, f"must be one of {', '.join(self.enum)}")

    def python_value(self, value: Any) -> EnumT | None:
        """Turn a label into the member."""
        return None if value is None else self.enum(value)


class TimestampField(_Timestamp):
    """A `timestamp(3)` column that holds UTC; Python sees aware datetimes in whole milliseconds."""

    field_type = "TIMESTAMP(3)"

    def db_value(self, value: Any) -> datetime | None:
        """Convert an aware datetime to UTC and drop the zone, which the column does not have."""
        if value is None:
            return None
        return _to_milliseconds(check_timestamp(_name_of(self), value))

    def python_value(self, value: Any) -> Any:
        """Add the time zone to what a plain driver read without it."""
        if isinstance(value, datetime) and value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return value


class ForeignKey(peewee.ForeignKeyField):
    """A reference to the id of another model's row; Prisma makes no index for it.

    Args:
        model: The model that is referred to.
        on_delete: What happens to this row when the other goes: `"CASCADE"` or `"RESTRICT"`.
        **options: As for any Peewee field.
    """

    def __init__(self, model: type[peewee.Model], *, on_delete: str, **options: Any) -> None:
        options.setdefault("index", False)
        super().__init__(model, on_delete=on_delete, on_update="CASCADE", **options)


class CreatedAtField(TimestampField):
    """When the row was made: filled on insert, by the server too where Prisma leaves it out."""

    def __init__(self, **options: Any) -> None:
        super().__init__(default=utc_now, **options)


class UpdatedAtField(TimestampField):
    """When the row was last changed: filled on insert, moved by every update of the model."""

    def __init__(self, **options: Any) -> None:
        super().__init__(default=utc_now, **options)
