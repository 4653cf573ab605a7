"""Which threads only read: those inside a `reading_from_replica()` block."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import peewee

from triosigno_db.errors import ReadOnlyError
from triosigno_db.models.peewee_internals import locks_rows

SET_READ_ONLY = "SET TRANSACTION READ ONLY"
"""Before other text in the same message, it holds for that text alone, without a round trip."""


class _Blocks(threading.local):
    depth = 0


_blocks = _Blocks()


@contextmanager
def read_only() -> Iterator[None]:
    """Let this thread only read while the block lasts; blocks may nest.

    Yields:
        Nothing.
    """
    _blocks.depth += 1
    try:
        yield
    finally:
        _blocks.depth -= 1


def is_read_only() -> bool:
    """Tell whether this thread only reads."""
    return _blocks.depth > 0


def refuse_write(name: str) -> None:
    """Refuse what would write, where this thread only reads.

    Args:
        name: What would write.

    Raises:
        ReadOnlyError: This thread only reads.
    """
    if is_read_only():
        raise ReadOnlyError(
            f"{name} writes: inside reading_from_replica() there are only reads. Nothing was sent."
        )


def refuse_writing_query(query: Any) -> None:
    """Refuse a model's query that would write or lock, where this thread only reads.

    What SQL text does, the server alone can tell.

    Args:
        query: What is about to run.

    Raises:
        ReadOnlyError: This thread only reads.
    """
    if isinstance(query, peewee.RawQuery):
        return
    if not isinstance(query, peewee.SelectBase) or locks_rows(query):
        refuse_write(type(query).__name__)
