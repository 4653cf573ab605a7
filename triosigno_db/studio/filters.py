"""The studio's filters for each type of column."""

from datetime import UTC, datetime
from typing import Any

from flask_admin.contrib.peewee.filters import (
    BooleanEqualFilter,
    DateTimeBetweenFilter,
    DateTimeGreaterFilter,
    DateTimeSmallerFilter,
    FilterConverter,
    FilterEmpty,
    FilterEqual,
    FilterInList,
    FilterNotEqual,
)
from flask_admin.model.filters import convert


class _IsTrue(BooleanEqualFilter):
    def clean(self, value: str) -> bool:
        return value == "1"


class _After(DateTimeGreaterFilter):
    def clean(self, value: str) -> datetime:
        timestamp: datetime = super().clean(value)
        return timestamp.replace(tzinfo=UTC)


class _Before(DateTimeSmallerFilter):
    def clean(self, value: str) -> datetime:
        timestamp: datetime = super().clean(value)
        return timestamp.replace(tzinfo=UTC)


class _Between(DateTimeBetweenFilter):
    def clean(self, value: str) -> list[datetime]:
        return [timestamp.replace(tzinfo=UTC) for timestamp in super().clean(value)]


class Filters(FilterConverter):
    """Creates the filters of a field, by the name of the field's class."""

    @convert("IdField", "ForeignKey")
    def key(self, field: Any, name: str) -> list[Any]:
        """Filter by an id or a reference."""
        return [FilterEqual(field, name), FilterInList(field, name)]

    @convert("EnumField")
    def enum(self, field: Any, name: str) -> list[Any]:
        """Filter by a value of an enum."""
        options = [(member.value, member.value) for member in field.enum]
        return [kind(field, name, options=options) for kind in (FilterEqual, FilterNotEqual)]

    @convert("BooleanField")
    def boolean(self, field: Any, name: str) -> list[Any]:
        """Filter by true or false."""
        return [_IsTrue(field, name)]

    @convert("TimestampField", "CreatedAtField", "UpdatedAtField")
    def timestamp(self, field: Any, name: str) -> list[Any]:
        """Filter by a timestamp in UTC."""
        return [kind(field, name) for kind in (_After, _Before, _Between, FilterEmpty)]
