"""The column types: ids, text, numbers, enums, UTC timestamps and references.

Each field refuses values that its column can't store before anything is sent; the error names the
attribute.
"""

import math
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Generic, NoReturn, Self, TypeVar, overload

import peewee

from triosigno_db.arguments import OUT_OF_RANGE, check_enum, check_timestamp, is_unicode
from triosigno_db.enums import LabelEnum
from triosigno_db.errors import InvalidInputError, UnreadableRowError

if TYPE_CHECKING:
    # These classes are generic in the stubs of Peewee only, not at run time.
    _Text = peewee.TextField[str]
    _Integer = peewee.IntegerField[int]
    _Float = peewee.DoubleField[float]
    _Boolean = peewee.BooleanField[bool]
    _Timestamp = peewee.Field[datetime]
else:
    _Text = peewee.TextField
    _Integer = peewee.IntegerField
    _Float = peewee.DoubleField
    _Boolean = peewee.BooleanField
    _Timestamp = peewee.Field

EnumT = TypeVar("EnumT", bound=LabelEnum)

MAX_INTEGER = 2**31 - 1
"""The maximum value of the PostgreSQL type `integer`."""


def new_id() -> str:
    """Create an id.

    Returns:
        A random UUID (version 4) in text form, like that of `uuid()` in Prisma.
    """
    return str(uuid.uuid4())


def utc_now() -> datetime:
    """Return the current time.

    Returns:
        The current time in UTC, truncated to milliseconds.
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
        """Check a text before it is sent."""
        if value is None:
            return None
        if not isinstance(value, str):
            _refuse(self, "must be a string")
        if "\0" in value:
            _refuse(self, "must not contain a NUL byte")
        if not is_unicode(value):
            _refuse(self, "must be valid Unicode text")
        return value


class IdField(TextField):
    """The primary key: text; the library creates UUIDs."""

    def __init__(self, **options: Any) -> None:
        super().__init__(primary_key=True, default=new_id, **options)

    def db_value(self, value: Any) -> str | None:
        """Convert a `uuid.UUID` to text."""
        return super().db_value(str(value) if isinstance(value, uuid.UUID) else value)


class IntegerField(_Integer):
    """An `integer` column, 32 bits."""

    def db_value(self, value: Any) -> int | None:
        """Check a number before it is sent."""
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            _refuse(self, "must be a whole number")
        if not -MAX_INTEGER - 1 <= value <= MAX_INTEGER:
            _refuse(self, "must fit into 32 bits")
        return value


class FloatField(_Float):
    """A `double precision` column, as Prisma's `Float`."""

    field_type = "DOUBLE PRECISION"

    def db_value(self, value: Any) -> float | None:
        """Check a number before it is sent."""
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool):
            _refuse(self, "must be a number")
        if not math.isfinite(value):
            _refuse(self, "must be a finite number")
        return float(value)


class BooleanField(_Boolean):
    """A `boolean` column."""

    def db_value(self, value: Any) -> bool | None:
        """Refuse values other than `True` and `False`."""
        if value is not None and not isinstance(value, bool):
            _refuse(self, "must be True or False")
        return value


_ENUM_EQUAL = "OPERATOR(pg_catalog.=)"
_ENUM_OTHER = "OPERATOR(pg_catalog.<>)"


class EnumField(peewee.Field, Generic[EnumT]):
    """A column of one of the database's enum types.

    Args:
        enum: The Python enum; its class name is the name of the PostgreSQL type.
        **options: The options of a Peewee field.
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
        """The quoted name of the PostgreSQL type."""
        return f'"{self.enum.__name__}"'

    # The server's operators of enums take any enum. One that a neighbour has created in the schema
    # for this type would fit better, and be called in their place.
    def __eq__(self, other: object) -> Any:
        """Build the condition that the column has a label."""
        return self.is_null() if other is None else peewee.Expression(self, _ENUM_EQUAL, other)

    def __ne__(self, other: object) -> Any:
        """Build the condition that the column has another label."""
        return self.is_null(False) if other is None else peewee.Expression(self, _ENUM_OTHER, other)

    __hash__ = peewee.Field.__hash__

    def db_value(self, value: Any) -> str | None:
        """Convert a member, or its label, to the label."""
        if value is None:
            return None
        return check_enum(_name_of(self), value, self.enum).value

    def python_value(self, value: Any) -> EnumT | None:
        """Convert a label to the member."""
        return None if value is None else self.enum.read(value)


class TimestampField(_Timestamp):
    """A `timestamp(3)` column in UTC; values are aware datetimes, truncated to milliseconds."""

    field_type = "TIMESTAMP(3)"

    def db_value(self, value: Any) -> datetime | None:
        """Convert an aware datetime to a naive one in UTC, as the column has no time zone."""
        if value is None:
            return None
        return _to_milliseconds(check_timestamp(_name_of(self), value))

    def python_value(self, value: Any) -> Any:
        """Add the time zone to a naive value of a connection without the cast.

        Raises:
            UnreadableRowError: The value is outside the years 1 to 9999.
        """
        if isinstance(value, str):
            table = self.model._meta.table_name
            raise UnreadableRowError(table, self.column_name, None, OUT_OF_RANGE)
        if isinstance(value, datetime) and value.tzinfo is None:
            return value.replace(tzinfo=UTC)
        return value


class ForeignKey(peewee.ForeignKeyField):
    """A foreign key to the id of another model; like Prisma, it creates no index by default.

    Args:
        model: The model that is referred to.
        on_delete: The action when the referenced row is deleted: `"CASCADE"`, `"RESTRICT"`, or
            `"SET NULL"` if the column is nullable.
        **options: The options of a Peewee field.
    """

    def __init__(self, model: type[peewee.Model], *, on_delete: str, **options: Any) -> None:
        options.setdefault("index", False)
        super().__init__(model, on_delete=on_delete, on_update="CASCADE", **options)


class CreatedAtField(TimestampField):
    """The creation time of a row, set on insert; the server has a default for it as well."""

    def __init__(self, **options: Any) -> None:
        super().__init__(default=utc_now, **options)


class UpdatedAtField(TimestampField):
    """The time of the last change of a row, set on insert and on every update of the model."""

    def __init__(self, **options: Any) -> None:
        super().__init__(default=utc_now, **options)
