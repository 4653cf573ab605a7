"""The driver's connection and cursor, with a deadline for each answer."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import psycopg2
from psycopg2.extensions import POLL_OK, POLL_READ, TRANSACTION_STATUS_IDLE

from triosigno_db.database.prepared import PreparedStatements
from triosigno_db.database.sockets import SocketCopy, input_probe, wait_until_ready

Row = tuple[Any, ...]


class Cursor(psycopg2.extensions.cursor):
    """A driver's cursor that sets its connection's deadline while it waits for an answer."""

    connection: "Connection"

    def execute(self, query: Any, vars: Any = None) -> None:  # noqa: A002 (the driver's name)
        """Send a statement and wait for its answer.

        Args:
            query: The statement.
            vars: The values of its placeholders.
        """
        connection = self.connection
        connection.start_deadline()
        try:
            super().execute(query, vars)
        finally:
            connection.answer_due = math.inf
        connection.last_used = time.monotonic()


class Connection(psycopg2.extensions.connection):
    """A driver's connection that records its prepared statements and when it was last used.

    Attributes:
        prepared: The statements that are prepared on it.
        address: Host and port of the server.
        expires_at: The time from which the pool closes it at check-in, by `time.monotonic`.
        last_used: The time at which its last statement succeeded, by `time.monotonic`.
        thread_id: The thread that has checked it out, or 0 if it is idle.
        is_interrupted: Whether the server was asked to cancel one of its statements.
        is_demoted: Whether its server no longer accepts writes although writes are required.
        answer_limit: The time limit of an answer, in seconds.
        answer_due: The deadline for the answer to the running statement, by `time.monotonic`;
            infinite if none is running.
        is_aborted: Whether it was closed because an answer was overdue.
        on_wait: A function that is called with `answer_due` when a statement is sent.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.cursor_factory = Cursor
        self.address: tuple[str, int] = (self.info.host, self.info.port)
        self.prepared = PreparedStatements()
        self.expires_at = math.inf
        self.last_used = time.monotonic()
        self.thread_id = 0
        self.is_interrupted = False
        self.is_demoted = False
        self.answer_limit = math.inf
        self.answer_due = math.inf
        self.is_aborted = False
        self.on_wait: Callable[[float], None] | None = None
        self._has_input = input_probe(self.fileno())
        # libpq may close its own descriptor at any time, and its number may then be reused.
        self._socket = SocketCopy(self.fileno())
        self._socket_lock = threading.Lock()

    def start_deadline(self) -> None:
        """Set the deadline for the answer to a statement that is sent now."""
        if self.on_wait is not None:
            self.answer_due = due = time.monotonic() + self.answer_limit
            self.on_wait(due)

    def abort(self) -> None:
        """End the wait of another thread for an answer, as if the server had disconnected."""
        with self._socket_lock:
            if self._socket.is_closed:
                return
            self.is_aborted = True
            self._socket.shut_down()

    def close(self) -> None:
        """Close the connection."""
        super().close()
        with self._socket_lock:
            self._socket.close()

    def has_pending_input(self) -> bool:
        """Return whether there is input to read: on an idle connection, it is usually the end."""
        return bool(self.closed or self._has_input())

    def is_reusable(self) -> bool:
        """Return whether the pool may keep the connection for the next caller.

        Returns:
            `False` if it is closed, inside a transaction, expired, interrupted or demoted.
        """
        return (
            not self.closed
            and self.get_transaction_status() == TRANSACTION_STATUS_IDLE
            and self.last_used < self.expires_at
            and not self.is_interrupted
            and not self.is_demoted
        )

    def is_usable(self, idle_check_after: float) -> bool:
        """Return whether the server still responds; make a round trip only if that is uncertain.

        Args:
            idle_check_after: The idle time in seconds after which a round trip is made.

        Returns:
            `False` if the connection is closed or lost, or its server was demoted.
        """
        if self.closed or self.is_demoted or self.is_interrupted:
            return False
        if not self.has_pending_input() and time.monotonic() - self.last_used <= idle_check_after:
            return True
        try:
            with self.cursor() as cursor:
                cursor.execute("SELECT 1")
        except psycopg2.Error:
            return False
        return True


def await_answer(connection: psycopg2.extensions.connection, deadline: float) -> None:
    """Wait until a connection opened with `async_=True` is established, or has its answer.

    Args:
        connection: The connection.
        deadline: The deadline, by `time.monotonic`.

    Raises:
        TimeoutError: The deadline has passed.
        psycopg2.Error: The server returned an error, or the connection was lost.
    """
    while (state := connection.poll()) != POLL_OK:
        remaining = deadline - time.monotonic()
        is_for_input = state == POLL_READ
        if remaining <= 0 or not wait_until_ready(
            connection.fileno(), for_input=is_for_input, timeout=remaining
        ):
            raise TimeoutError


class DetachedCursor:
    """The rows of a statement whose connection is checked in already.

    Args:
        cursor: The driver's cursor, read to its end and closed.
    """

    def __init__(self, cursor: Any) -> None:
        self.description = cursor.description
        self.rowcount: int = cursor.rowcount
        self._rows: Iterator[Row] = iter(cursor.fetchall() if cursor.description else ())
        cursor.close()

    def fetchone(self) -> Row | None:
        """Return the next row, or `None` after the last."""
        return next(self._rows, None)

    def fetchall(self) -> list[Row]:
        """Return the remaining rows."""
        return list(self._rows)

    def __iter__(self) -> Iterator[Row]:
        return self._rows

    def close(self) -> None:
        """Discard the remaining rows."""
        self._rows = iter(())
