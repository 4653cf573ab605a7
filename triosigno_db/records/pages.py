"""Pages of a list."""

from typing import Generic, TypeVar

from pydantic import ConfigDict, SerializeAsAny

from triosigno_db.records.base import WireModel
from triosigno_db.records.record import Record

T = TypeVar("T", bound=Record)


class Page(WireModel, Generic[T]):
    """A page of a list.

    Attributes:
        items: The records, in the order of the list.
        next_cursor: The `cursor` to pass to the same function for the next page; `None` for the
            last page.
        has_more: Whether there is a next page.
    """

    model_config = ConfigDict(defer_build=True)

    items: tuple[SerializeAsAny[T], ...]
    next_cursor: str | None
    has_more: bool
