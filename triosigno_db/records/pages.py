"""Pages of a list."""

from collections.abc import Iterator, Sequence
from typing import Generic, TypeVar, overload

from pydantic import ConfigDict, SerializeAsAny

from triosigno_db.records.base import WireModel
from triosigno_db.records.record import Record

T = TypeVar("T", bound=Record)


class Page(WireModel, Sequence[T], Generic[T]):
    """A page of a list: a sequence of its items.

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

    def __len__(self) -> int:
        return len(self.items)

    def __iter__(self) -> Iterator[T]:  # type: ignore[override]  # a model iterates over its fields
        return iter(self.items)

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[T, ...]: ...

    def __getitem__(self, index: int | slice) -> T | tuple[T, ...]:
        return self.items[index]
