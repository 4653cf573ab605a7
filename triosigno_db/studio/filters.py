"""What a column of each type can be filtered by, in the studio."""

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
        moment: datetime = super().clean(value)
        return moment.replace(tzinfo=UTC)


class _Before(DateTimeSmallerFilter):
    def clean(self, value: str) -> datetime:
        moment: datetime = super().clean(value)
        return moment.replace(tzinfo=UTC)


class _Between(DateTimeBetweenFilter):
    def clean(self, value: str) -> list[datetime]:
        return [moment.replace(tzinfo=UTC) for moment in super().clean(value)]


class Filters(FilterConverter):
    """Makes the filters of a field, by the name of its class."""

    @convert("IdField", "ForeignKey")
    def key(self, field: Any, name: str) -> list[Any]:
        """Filter ids and references."""
        return [FilterEqual(field, name), FilterInList(field, name)]

    @convert("EnumField")
    def enum(self, field: Any, name: str) -> list[Any]:
        """Filter by a label of an enum."""
        labels = [(label.value, label.value) for label in field.enum]
        return [kind(field, name, options=labels) for kind in (FilterEqual, FilterNotEqual)]

    @convert("BooleanField")
    def boolean(self, field: Any, name: str) -> list[Any]:
        """Filter by yes or no."""
        return [_IsTrue(field, name)]

    @convert("TimestampField", "CreatedAtField", "UpdatedAtField")
    def moment(self, field: Any, name: str) -> list[Any]:
        """Filter by a moment in UTC."""
        return [kind(field, name) for kind in (_After, _Before, _Between, FilterEmpty)]
