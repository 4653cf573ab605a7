"""A bounded pool of connections for threads; waiting threads are served in order.

Its interface is that of the `ConnectionPool` of psycopg_pool, for connections of psycopg2.
https://www.psycopg.org/psycopg3/docs/api/pool.html
"""

import logging
import math
import random
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from triosigno_db.database.connection import Connection
from triosigno_db.database.logs import log
from triosigno_db.errors import PoolTimeoutError

_LIFETIME_JITTER = 0.1
"""The fraction of its lifetime by which a connection may expire early, to spread reconnects."""


class PoolStatus(NamedTuple):
    """The state of the connections of a pool at one time.

    Attributes:
        limit: The maximum number of connections.
        in_use: The number of connections that a call or a block has checked out.
        idle: The number of open connections that are not in use.
        opening: The number of connections that are being opened.
        waiting: The number of calls that wait for a connection.
    """

    limit: int
    in_use: int
    idle: int
    opening: int
    waiting: int


class PoolStats(NamedTuple):
    """Counters of a pool since it was created.

    Attributes:
        requests: The number of requests for a connection.
        waits: The number of requests that had to wait.
        wait_seconds: The total time that requests waited.
        timeouts: The number of requests that ended without a connection, usually by timeout.
        opened: The number of connections opened.
        lost: The number of connections found closed or unusable, and replaced.
        errors: The number of connections that could not be opened.
    """

    requests: int
    waits: int
    wait_seconds: float
    timeouts: int
    opened: int
    lost: int
    errors: int


class _Waiter:
    """A thread that waits for a connection, or for permission to open one."""

    __slots__ = ("connection", "is_served", "ready", "since", "thread_id")

    def __init__(self) -> None:
        # A plain lock instead of a condition: the thread that serves the waiter releases it. The
        # waiter owns the connection when it wakes, without acquiring the lock of the pool again.
        self.ready = threading.Lock()
        self.ready.acquire()
        self.since = time.monotonic()
        self.thread_id = threading.get_ident()
        self.is_served = False
        self.connection: Connection | None = None


class ConnectionPool:
    """A pool of connections for the threads of a process; waiting threads are served in order.

    Args:
        open_connection: Opens a connection; its exceptions are raised to the caller.
        check: Returns whether an idle connection still works; if not, it is replaced.
        max_size: The maximum number of connections, 1 or more.
        timeout: The time limit of `getconn` in seconds; 0 means no limit.
        max_lifetime: The maximum age of a connection in seconds; 0 means no limit.
        on_drained: Called when the pool is closed and its last connection is closed.
    """

    def __init__(
        self,
        open_connection: Callable[[], Connection],
        *,
        check: Callable[[Connection], bool],
        max_size: int,
        timeout: float = 0.0,
        max_lifetime: float = 0.0,
        on_drained: Callable[[], None] | None = None,
    ) -> None:
        self._open_connection = open_connection
        self._check = check
        self._max_size = max_size
        self._timeout = min(timeout or math.inf, threading.TIMEOUT_MAX)
        self._max_lifetime = max_lifetime or math.inf
        self._on_drained = on_drained
        self._lock = threading.Lock()
        self._connections: set[Connection] = set()
        self._idle: list[Connection] = []
        self._waiters: deque[_Waiter] = deque()
        self._opening = 0
        self._is_closed = False
        self._requests = self._waits = self._timeouts = 0
        self._opened = self._lost = self._errors = 0
        self._wait_seconds = 0.0

    def getconn(self) -> Connection:
        """Check out a connection: an idle one, a new one, or the next that is checked in.

        Returns:
            The connection; pass it to `putconn` afterwards.

        Raises:
            PoolTimeoutError: No connection became free in time.
            Exception: Any exception that `open_connection` raises.
        """
        while True:
            connection = self._take_or_reserve()
            if connection is None:
                return self._open_reserved()
            if self._check(connection):
                return connection
            log(logging.INFO, "replacing a lost connection")
            with self._lock:
                self._lost += 1
                self._requests -= 1  # the same request is counted again
            self.putconn(connection, discard=True)

    def putconn(self, connection: Connection, *, discard: bool = False) -> None:
        """Check in a connection; the thread that has waited longest gets it.

        Args:
            connection: A connection that `getconn` returned.
            discard: Close the connection even if it is reusable.
        """
        if discard or self._is_closed or not connection.is_reusable():
            self._remove(connection)
            return
        with self._lock:
            if self._waiters:
                self._serve(self._waiters.popleft(), connection)
            else:
                connection.thread_id = 0
                self._idle.append(connection)

    def close(self) -> None:
        """Close idle connections now, and connections in use when they are checked in."""
        self._is_closed = True
        self.close_idle()
        self._drain()

    def close_idle(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            self._remove(connection)

    def connection_of(self, thread_id: int) -> Connection | None:
        """Find the connection that a thread has checked out.

        Args:
            thread_id: The id of the thread, as returned by `threading.get_ident`.

        Returns:
            The connection, or `None` if the thread has none.
        """
        with self._lock:
            return next((each for each in self._connections if each.thread_id == thread_id), None)

    def get_status(self) -> PoolStatus:
        """Return the state of the connections.

        Returns:
            The current numbers.
        """
        with self._lock:
            return PoolStatus(
                self._max_size,
                len(self._connections) - len(self._idle),
                len(self._idle),
                self._opening,
                len(self._waiters),
            )

    def get_stats(self) -> PoolStats:
        """Return the counters of the pool.

        Returns:
            The counters since the pool was created.
        """
        with self._lock:
            return PoolStats(
                self._requests,
                self._waits,
                self._wait_seconds,
                self._timeouts,
                self._opened,
                self._lost,
                self._errors,
            )

    # -- waiting ----------------------------------------------------------------------------

    def _take_or_reserve(self) -> Connection | None:
        """Take an idle connection; `None` means that the caller may open another one."""
        with self._lock:
            self._requests += 1
            if not self._waiters:
                if self._idle:
                    connection = self._idle.pop()
                    connection.thread_id = threading.get_ident()
                    return connection
                if self._has_room():
                    self._opening += 1
                    return None
            self._waits += 1
            waiter = _Waiter()
            self._waiters.append(waiter)
        return self._wait(waiter)

    def _has_room(self) -> bool:
        return len(self._connections) + self._opening < self._max_size

    def _wait(self, waiter: _Waiter) -> Connection | None:
        try:
            is_in_time = waiter.ready.acquire(timeout=self._timeout)
        except BaseException:
            self._withdraw(waiter)
            raise
        if not is_in_time:
            self._withdraw(waiter)
            raise PoolTimeoutError(self._max_size, self._timeout)
        return waiter.connection

    def _withdraw(self, waiter: _Waiter) -> None:
        """Remove a waiter from the queue, or pass on what it received in the meantime."""
        with self._lock:
            if not waiter.is_served:
                self._waiters.remove(waiter)
                self._timeouts += 1
                self._wait_seconds += time.monotonic() - waiter.since
                return
        if waiter.connection is not None:
            self.putconn(waiter.connection)
        else:
            with self._lock:
                self._opening -= 1
                self._serve_room()

    def _serve(self, waiter: _Waiter, connection: Connection | None) -> None:
        if connection is not None:
            connection.thread_id = waiter.thread_id
        self._wait_seconds += time.monotonic() - waiter.since
        waiter.connection, waiter.is_served = connection, True
        waiter.ready.release()

    def _serve_room(self) -> None:
        """Allow waiting threads to open connections, up to the maximum size."""
        while self._waiters and self._has_room():
            self._opening += 1
            self._serve(self._waiters.popleft(), None)

    # -- opening and closing ----------------------------------------------------------------

    def _open_reserved(self) -> Connection:
        connection = None
        try:
            connection = self._open_connection()
            connection.thread_id = threading.get_ident()
            lifetime = self._max_lifetime * random.uniform(1 - _LIFETIME_JITTER, 1)  # noqa: S311
            connection.expires_at = connection.last_used + lifetime
        finally:
            with self._lock:
                self._opening -= 1
                if connection is None:
                    self._errors += 1
                else:
                    self._opened += 1
                    self._connections.add(connection)
                self._serve_room()
        return connection

    def _remove(self, connection: Connection) -> None:
        connection.close()
        with self._lock:
            self._connections.discard(connection)
            self._serve_room()
        if self._is_closed:
            self._drain()

    def _drain(self) -> None:
        with self._lock:
            is_drained = not self._connections and not self._opening
        if is_drained and self._on_drained is not None:
            self._on_drained()
