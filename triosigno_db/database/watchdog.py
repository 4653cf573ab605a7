"""The watchdog: aborts connections whose answer is overdue.

A server ends a statement at its time limit. But if the network drops packets, no error arrives and
libpq waits forever, so the client needs its own time limit.
"""

import math
import threading
import time
from weakref import WeakSet

from triosigno_db.database.connection import Connection


class Watchdog:
    """A thread for all connections of a pool; it sleeps until an answer is overdue."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connections: WeakSet[Connection] = WeakSet()
        self._thread: threading.Thread | None = None
        self._event = threading.Event()
        self._wakes_at = math.inf
        self._is_ended = False

    def add(self, connection: Connection) -> None:
        """Watch a connection for as long as it lives.

        Args:
            connection: A new connection.
        """
        with self._lock:
            self._connections.add(connection)
            if self._thread is None:
                thread = threading.Thread(
                    target=self._watch, name="triosigno_db-watchdog", daemon=True
                )
                thread.start()
                # Not before: an exception from outside may come instead of the start.
                self._thread = thread
        connection.on_wait = self._expect

    def end(self) -> None:
        """End the thread."""
        self._is_ended = True
        self._event.set()

    def _expect(self, due: float) -> None:
        # Called for each statement: usually the thread wakes earlier anyway.
        if due < self._wakes_at:
            self._event.set()

    def _watch(self) -> None:
        while not self._is_ended:
            # Reset first: a statement that is sent after the check below must set the event.
            self._wakes_at = math.inf
            self._wakes_at = self._abort_overdue()
            wait = self._wakes_at - time.monotonic()
            self._event.wait(None if math.isinf(wait) else min(max(wait, 0), threading.TIMEOUT_MAX))
            self._event.clear()

    def _abort_overdue(self) -> float:
        """Abort the overdue connections; return the deadline of the next answer."""
        with self._lock:
            connections = tuple(self._connections)
        now, earliest = time.monotonic(), math.inf
        for connection in connections:
            due = connection.answer_due
            if due <= now:
                connection.abort()
            else:
                earliest = min(earliest, due)
        return earliest
