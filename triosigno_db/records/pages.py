"""Pages of a list."""

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, SerializeAsAny
from pydantic.alias_generators import to_camel

from triosigno_db.records.record import Record

T = TypeVar("T", bound=Record)


class Page(BaseModel, Generic[T]):
    """A page of a list.

    Attributes:
        items: The records, in the order of the list.
        next_cursor: The `cursor` to pass to the same function for the next page; `None` for the
            last page.
        has_more: Whether there is a next page.
    """

    model_config = ConfigDict(
        frozen=True,
        defer_build=True,
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )

    items: tuple[SerializeAsAny[T], ...]
    next_cursor: str | None
    has_more: bool
