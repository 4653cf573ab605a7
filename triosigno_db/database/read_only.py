"""Threads that only read: those inside a `reading_from_replica()` block."""

import threading
from collections.abc import Iterator
from typing import Any

import peewee

from triosigno_db.database.blocks import block
from triosigno_db.errors import ReadOnlyError
from triosigno_db.models.peewee_internals import locks_rows

SET_READ_ONLY = "SET TRANSACTION READ ONLY"
"""Sent before other text in the same message, it applies to that text only: no round trip."""


class _Blocks(threading.local):
    depth = 0


_blocks = _Blocks()


@block
def read_only() -> Iterator[None]:
    """Make this thread read-only inside the block; blocks may nest.

    Yields:
        Nothing.
    """
    _blocks.depth += 1
    try:
        yield
    finally:
        _blocks.depth -= 1


def is_read_only() -> bool:
    """Return whether this thread only reads."""
    return _blocks.depth > 0


def refuse_write(name: str) -> None:
    """Refuse a write, if this thread only reads.

    Args:
        name: The name of the statement that writes.

    Raises:
        ReadOnlyError: This thread only reads.
    """
    if is_read_only():
        raise ReadOnlyError(
            f"{name} writes, but reading_from_replica() allows only reads; nothing was sent."
        )


def refuse_writing_query(query: Any) -> None:
    """Refuse a query of a model that writes or locks, if this thread only reads.

    Raw SQL is not checked here: only the server knows what it does.

    Args:
        query: The query to check.

    Raises:
        ReadOnlyError: This thread only reads.
    """
    if isinstance(query, peewee.RawQuery):
        return
    if not isinstance(query, peewee.SelectBase) or locks_rows(query):
        refuse_write(type(query).__name__)
