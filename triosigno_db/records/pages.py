"""Pages: a part of a list that is too long to be read at once."""

from typing import Generic, TypeVar

from pydantic import ConfigDict, SerializeAsAny

from triosigno_db.records.base import WireModel
from triosigno_db.records.record import Record

T = TypeVar("T", bound=Record)


class Page(WireModel, Generic[T]):
    """A part of a list.

    Attributes:
        items: The records, in the list's order.
        next_cursor: What to hand to the same function for the next page; `None` on the last.
        has_more: Whether there is a next page.
    """

    model_config = ConfigDict(defer_build=True)

    items: tuple[SerializeAsAny[T], ...]
    next_cursor: str | None
    has_more: bool
