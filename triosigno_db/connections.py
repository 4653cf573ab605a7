"""The driver's connection and cursor, as the pool lends them."""

import select
import time
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from typing import Any

import psycopg2
from psycopg2.extensions import new_type

Row = tuple[Any, ...]

_TIMESTAMP_OID = 1114


@lru_cache(maxsize=4096)
def _to_utc(text: str) -> datetime:
    # Rows written together share their timestamps: most are read once and found again.
    try:
        return datetime.fromisoformat(text + "+00:00")
    except ValueError:
        raise psycopg2.DataError(f"the timestamp {text} is beyond Python's datetime") from None


def _read_timestamp(text: Any, _: Any) -> datetime | None:
    return None if text is None else _to_utc(text)


UTC_TIMESTAMP = new_type((_TIMESTAMP_OID,), "UTC_TIMESTAMP", _read_timestamp)
"""Reads `timestamp` columns as aware datetimes, for the connections that register it."""


class Connection(psycopg2.extensions.connection):
    """A driver's connection that remembers its prepared statements and when it was last used.

    Attributes:
        prepared: The names of the statements that the server has parsed for it.
        last_used: When its last statement ended, by `time.monotonic`.
        thread_id: The thread that has borrowed it.
        is_interrupted: Whether the server was asked to end a statement of it.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.prepared: set[str] = set()
        self.last_used = time.monotonic()
        self.thread_id = 0
        self.is_interrupted = False
        self._input = select.poll()
        self._input.register(self.fileno(), select.POLLIN)

    def is_usable(self, idle_check_after: float) -> bool:
        """Tell whether the server is still there, with a round trip only where it is in doubt.

        Args:
            idle_check_after: Seconds without use after which the server is asked.

        Returns:
            `False` for a connection that is closed or lost.
        """
        if self.closed:
            return False
        if not self._input.poll(0) and time.monotonic() - self.last_used <= idle_check_after:
            return True
        # An idle server has nothing to say: what waits to be read is mostly the end of the stream.
        try:
            with self.cursor() as cursor:
                cursor.execute("SELECT 1")
        except psycopg2.Error:
            return False
        return True


class DetachedCursor:
    """The rows of a statement whose connection has gone back to the pool.

    Args:
        cursor: The driver's cursor, read to its end and closed.
    """

    def __init__(self, cursor: Any) -> None:
        self.description = cursor.description
        self.rowcount: int = cursor.rowcount
        self._rows: Iterator[Row] = iter(cursor.fetchall() if cursor.description else ())
        cursor.close()

    def fetchone(self) -> Row | None:
        """Give the next row, `None` after the last."""
        return next(self._rows, None)

    def fetchall(self) -> list[Row]:
        """Give the rows that are left."""
        return list(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return self._rows

    def close(self) -> None:
        """Forget the rows that are left."""
        self._rows = iter(())
