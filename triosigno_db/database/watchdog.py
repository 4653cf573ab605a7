"""The watchdog: ends the connections whose answer does not come.

A server ends a statement at its time limit by itself. Where the network swallows what is sent, no
error comes and libpq waits without end; then only the client's own clock helps.
"""

import math
import threading
import time
from weakref import WeakSet

from triosigno_db.database.connection import Connection


class Watchdog:
    """One thread for all connections of a pool; it sleeps until the first answer is overdue."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connections: WeakSet[Connection] = WeakSet()
        self._thread: threading.Thread | None = None
        self._bell = threading.Event()
        self._wakes_at = math.inf
        self._is_ended = False

    def add(self, connection: Connection) -> None:
        """Watch a connection for as long as it lives.

        Args:
            connection: A connection that was opened just now.
        """
        with self._lock:
            self._connections.add(connection)
            if self._thread is None:
                self._thread = threading.Thread(
                    target=self._watch, name="triosigno_db-watchdog", daemon=True
                )
                self._thread.start()
        connection.on_wait = self._expect

    def end(self) -> None:
        """End the thread."""
        self._is_ended = True
        self._bell.set()

    def _expect(self, due: float) -> None:
        # Called for each statement: mostly the thread wakes earlier in any case.
        if due < self._wakes_at:
            self._bell.set()

    def _watch(self) -> None:
        while not self._is_ended:
            # First: a statement that is sent after the look below must ring.
            self._wakes_at = math.inf
            self._wakes_at = self._abort_overdue()
            wait = self._wakes_at - time.monotonic()
            self._bell.wait(None if math.isinf(wait) else min(max(wait, 0), threading.TIMEOUT_MAX))
            self._bell.clear()

    def _abort_overdue(self) -> float:
        """Give up what is overdue; tell when the next answer is."""
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
