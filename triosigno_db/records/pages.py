"""Pages: a part of a list that is too long to be read at once."""

from typing import Generic, TypeVar

from pydantic import BaseModel, ConfigDict, SerializeAsAny
from pydantic.alias_generators import to_camel

from triosigno_db.records.record import Record

T = TypeVar("T", bound=Record)


class Page(BaseModel, Generic[T]):
    """A part of a list.

    Attributes:
        items: The records, in the list's order.
        next_cursor: What to hand to the same function for the next page; `None` on the last.
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
