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
from weakref import WeakSet

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


class Checkout:
    """One use of a connection: what a thread requests, holds and checks in.

    It is created before the request. An exception from outside, such as that of a signal handler,
    may come between any two steps: what it interrupts is then found here.

    Attributes:
        held: The connection that is checked out; empty before and after.
        thread_id: The thread that uses the connection.
        is_requested: Whether the request has begun and has not ended.
        may_open: Whether it may open a connection.
        is_served: Whether a thread that waited got a connection, or permission to open one.
        ready: Released when a thread that waits is served; `None` if it has never waited.
        since: The time since which the thread waits, by `time.monotonic`.
    """

    __slots__ = (
        "__weakref__",
        "held",
        "is_requested",
        "is_served",
        "may_open",
        "ready",
        "since",
        "thread_id",
    )

    def __init__(self) -> None:
        self.held: list[Connection] = []
        self.thread_id = threading.get_ident()
        self.is_requested = self.is_served = self.may_open = False
        # A plain lock instead of a condition: the thread that serves the waiter releases it. The
        # waiter owns the connection when it wakes, without acquiring the lock of the pool again.
        self.ready: threading.Lock | None = None
        self.since = 0.0


class ConnectionPool:
    """A pool of connections for the threads of a process; waiting threads are served in order.

    An exception from outside, such as that of a signal handler, may interrupt any step. Therefore a
    connection moves between the idle ones and a `Checkout` in one expression: in between it belongs
    to nothing else. The pool refers to the others weakly, so a connection that is lost there is
    closed immediately and makes room for another one. All other steps may be repeated.

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
        self._connections: WeakSet[Connection] = WeakSet()
        self._idle: list[Connection] = []
        self._waiters: deque[Checkout] = deque()
        self._opening: WeakSet[Checkout] = WeakSet()
        self._is_closed = False
        self._requests = self._waits = self._timeouts = 0
        self._opened = self._lost = self._errors = 0
        self._wait_seconds = 0.0

    def getconn(self, checkout: Checkout) -> Connection:
        """Check out a connection: an idle one, a new one, or the next that is checked in.

        Args:
            checkout: A new checkout, or one that was checked in. Pass it to `putconn` afterwards,
                also after an exception.

        Returns:
            The connection.

        Raises:
            PoolTimeoutError: No connection became free in time.
            Exception: Any exception that `open_connection` raises.
        """
        checkout.is_requested = True
        while True:
            self._request(checkout)
            if not checkout.held:
                self._open(checkout)
            elif not self._check(checkout.held[0]):
                log(logging.INFO, "replacing a lost connection")
                with self._lock:
                    self._lost += 1
                    self._requests -= 1  # the same request is counted again
                self._close(checkout.held)
                continue
            checkout.is_requested = False
            return checkout.held[0]

    def putconn(self, checkout: Checkout, *, discard: bool = False) -> None:
        """Check in what a checkout holds; the thread that has waited longest gets it.

        It does nothing if the checkout holds nothing, so it can be called again.

        Args:
            checkout: The checkout.
            discard: Close the connection even if it is reusable.
        """
        is_kept = bool(checkout.held) and not discard and checkout.held[0].is_reusable()
        with self._lock:
            if is_kept and not self._is_closed:
                checkout.held[0].thread_id = 0
                self._idle.append(checkout.held.pop())
            if checkout.is_requested:
                self._withdraw(checkout)
            if self._waiters:
                self._serve()
        if checkout.held:
            self._close(checkout.held)

    def close(self) -> None:
        """Close idle connections now, and connections in use when they are checked in."""
        self._is_closed = True
        self.close_idle()
        self._drain()

    def close_idle(self) -> None:
        """Close the idle connections."""
        with self._lock:
            idle, self._idle = self._idle, []
        self._close(idle)

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
                len(self._opening),
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

    def _request(self, checkout: Checkout) -> None:
        """Get an idle connection, or permission to open one, or wait for either."""
        with self._lock:
            self._requests += 1
            if not self._waiters:
                if self._idle:
                    checkout.held.append(self._idle.pop())
                    checkout.held[0].thread_id = checkout.thread_id
                    return
                if self._has_room():
                    self._opening.add(checkout)
                    return
            self._waits += 1
            checkout.since, checkout.is_served = time.monotonic(), False
            checkout.ready = ready = threading.Lock()
            ready.acquire()
            self._waiters.append(checkout)
        if not ready.acquire(timeout=self._timeout):
            with self._lock:
                if checkout.is_served:
                    return
                self._timeouts += 1
                self._withdraw(checkout)
            raise PoolTimeoutError(self._max_size, self._timeout)

    def _has_room(self) -> bool:
        return len(self._connections) + len(self._opening) < self._max_size

    def _serve(self) -> None:
        """Serve the waiting threads in order; the caller holds the lock."""
        while self._waiters:
            waiter = self._waiters[0]
            # One that was served already is still here if an exception interrupted this.
            if not (waiter.is_served or waiter.held or waiter.may_open):
                if self._idle:
                    waiter.held.append(self._idle.pop())
                    waiter.held[0].thread_id = waiter.thread_id
                elif self._has_room():
                    self._opening.add(waiter)
                    waiter.may_open = True
                else:
                    return
                self._wait_seconds += time.monotonic() - waiter.since
            waiter.is_served = True
            if waiter.ready is not None and waiter.ready.locked():
                waiter.ready.release()
            self._waiters.popleft()

    def _withdraw(self, checkout: Checkout) -> None:
        """End a request that has failed; the caller holds the lock."""
        if checkout in self._waiters:
            self._waiters.remove(checkout)
            self._wait_seconds += time.monotonic() - checkout.since
        self._opening.discard(checkout)
        checkout.may_open = checkout.is_requested = False

    # -- opening and closing ----------------------------------------------------------------

    def _open(self, checkout: Checkout) -> None:
        try:
            checkout.held.append(self._register(self._open_connection()))
        except BaseException:
            with self._lock:
                self._errors += 1
                self._withdraw(checkout)
                self._serve()
            if self._is_closed:
                self._drain()
            raise
        with self._lock:
            self._opening.discard(checkout)
            checkout.may_open = False
            self._opened += 1
        connection = checkout.held[0]
        connection.thread_id = checkout.thread_id
        lifetime = self._max_lifetime * random.uniform(1 - _LIFETIME_JITTER, 1)  # noqa: S311
        connection.expires_at = connection.last_used + lifetime

    def _register(self, connection: Connection) -> Connection:
        with self._lock:
            self._connections.add(connection)
        return connection

    def _close(self, connections: list[Connection]) -> None:
        while connections:
            connections[-1].close()
            with self._lock:
                self._connections.discard(connections[-1])
                connections.pop()
                self._serve()
        if self._is_closed:
            self._drain()

    def _drain(self) -> None:
        with self._lock:
            is_drained = not self._connections and not self._opening
        if is_drained and self._on_drained is not None:
            self._on_drained()
