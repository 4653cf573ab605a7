"""The pool: Peewee's, with a fair and bounded wait, cheaper checks, and care for forks."""

import logging
import math
import threading
import time
from collections import deque
from contextlib import suppress
from heapq import heappop
from typing import Any, NamedTuple

import peewee
import psycopg2
from playhouse.pool import PoolConnection, PooledPostgresqlDatabase
from psycopg2.extensions import register_type

from triosigno_db.database.connection import UTC_TIMESTAMP, Connection
from triosigno_db.database.connector import MIN_SERVER_VERSION, connection_parameters
from triosigno_db.database.sqlstates import primary_message
from triosigno_db.database.watchdog import Watchdog
from triosigno_db.errors import DatabaseUnavailableError, PoolTimeoutError
from triosigno_db.settings import Settings

logger = logging.getLogger("triosigno_db")


class PoolStatus(NamedTuple):
    """What the connections of a pool do at one moment.

    Attributes:
        limit: The most connections that the pool may open.
        in_use: How many are lent to a call or a block.
        idle: How many are open and free.
        opening: How many are being opened.
        waiting: How many calls wait for one.
    """

    limit: int
    in_use: int
    idle: int
    opening: int
    waiting: int


class _Waiter:
    """A thread that waits for its turn: for an idle connection, or for leave to open one."""

    def __init__(self, lock: threading.RLock) -> None:
        self.served = threading.Condition(lock)
        self.is_served = False
        self.connection: Connection | None = None


class Pool(PooledPostgresqlDatabase):
    """Lends connections to threads: to those that wait, in the order in which they came.

    Args:
        settings: How to reach the server, and the limits to keep.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._is_retired = False
        self._opening = 0
        self._waiters: deque[_Waiter] = deque()
        self._watchdog = Watchdog()
        super().__init__(
            settings.database,
            max_connections=settings.connection_limit,
            autoconnect=False,
        )

    def status(self) -> PoolStatus:
        """Count the connections.

        Returns:
            The counts of this moment.
        """
        with self._pool_lock:
            return PoolStatus(
                self._max_connections,
                len(self._in_use),
                len(self._connections),
                self._opening,
                len(self._waiters),
            )

    def retire(self) -> None:
        """Close what is idle now, and what is in use as soon as it comes back."""
        self._is_retired = True
        self.close_idle()
        self._end_watch_if_empty()

    def forget_inherited(self) -> None:
        """Start with an empty pool in a forked child, without touching its parent's sockets."""
        # Locks may have been held by threads that do not exist here. psycopg2 leaves alone the
        # connections of another process when they are collected.
        self._lock = threading.Lock()
        self._pool_lock = threading.RLock()
        self._pool_available = threading.Condition(self._pool_lock)
        self._state = peewee._ConnectionLocal()
        self._connections: list[tuple[float, int, Connection]] = []
        self._in_use: dict[int, PoolConnection] = {}
        self._opening = 0
        self._waiters = deque()
        self._watchdog = Watchdog()

    def interrupt(self, thread_id: int) -> None:
        """Have the server end the statement that a thread waits for, if it does.

        The thread's connection is closed when it comes back, as the end that was asked for may
        arrive late. Behind a pooler, and where the server can't be asked, the statement's own time
        limit ends it.

        Args:
            thread_id: The thread, as `threading.get_ident` names it there.
        """
        with self._pool_lock:
            borrowed = (each.connection for each in self._in_use.values())
            connection = next((each for each in borrowed if each.thread_id == thread_id), None)
            if connection is None or connection.closed:
                return
            connection.is_interrupted = True
            backend = connection.info.backend_pid
        if self.settings.pgbouncer:
            return
        with suppress(psycopg2.Error, DatabaseUnavailableError):
            # Of several hosts the one that runs it, not the first that answers.
            other = self._open(connection.address)
            try:
                other.cursor().execute("SELECT pg_cancel_backend(%s)", (backend,))
            finally:
                other.close()

    # -- lending ----------------------------------------------------------------------------

    def _connect(self) -> Connection:
        """Take a connection out of the pool, or open one, outside of the pool's lock."""
        while (connection := self._take_or_reserve()) is not None:
            if connection.is_usable(self.settings.idle_check_after):
                return connection
            logger.info("a lost connection is replaced")
            self._close(connection, close_conn=True)
        return self._open_reserved()

    def _close(self, conn: Connection, close_conn: bool = False) -> None:
        """Take a connection back, and lend it to who waits for one."""
        with self._pool_lock:
            super()._close(conn, close_conn)
            self._serve()
        self._end_watch_if_empty()

    def _take_or_reserve(self) -> Connection | None:
        """Take an idle connection; `None` means that the caller may open another one."""
        with self._pool_lock:
            may_take = not self._waiters and self._has_free()
            connection = self._take_free() if may_take else self._wait_for_turn()
            if connection is not None:
                connection.thread_id = threading.get_ident()
            return connection

    def _has_free(self) -> bool:
        return bool(self._connections) or len(self._in_use) + self._opening < self._max_connections

    def _take_free(self) -> Connection | None:
        if not self._connections:
            self._opening += 1
            return None
        opened_at, _, connection = heappop(self._connections)
        self._mark_in_use(connection, opened_at)
        return connection

    def _wait_for_turn(self) -> Connection | None:
        waiter = _Waiter(self._pool_lock)
        self._waiters.append(waiter)
        wait = self.settings.pool_timeout or math.inf
        try:
            waiter.served.wait_for(lambda: waiter.is_served, min(wait, threading.TIMEOUT_MAX))
        except BaseException:
            self._forget(waiter)
            raise
        if not waiter.is_served:
            self._forget(waiter)
            raise PoolTimeoutError(self._max_connections, wait)
        return waiter.connection

    def _forget(self, waiter: _Waiter) -> None:
        if not waiter.is_served:
            self._waiters.remove(waiter)
        elif waiter.connection is not None:
            self._close(waiter.connection)
        else:
            self._opening -= 1
            self._serve()

    def _serve(self) -> None:
        """Lend what is free to those who wait, whoever came first being first."""
        while self._waiters and self._has_free():
            waiter = self._waiters.popleft()
            waiter.connection, waiter.is_served = self._take_free(), True
            waiter.served.notify()

    def _mark_in_use(self, connection: Connection, opened_at: float) -> None:
        self._in_use[self.conn_key(connection)] = PoolConnection(opened_at, connection, time.time())

    def _can_reuse(self, connection: Connection) -> bool:
        is_fit = not (self._is_retired or connection.is_interrupted or connection.is_demoted)
        return is_fit and super()._can_reuse(connection)

    def _end_watch_if_empty(self) -> None:
        if self._is_retired and not self._in_use:
            self._watchdog.end()

    # -- opening ----------------------------------------------------------------------------

    def _open_reserved(self) -> Connection:
        connection = None
        try:
            connection = self._open()
            connection.thread_id = threading.get_ident()
        finally:
            with self._pool_lock:
                self._opening -= 1
                if connection is not None:
                    self._mark_in_use(connection, time.time())
                self._serve()
        return connection

    def _open(self, address: tuple[str, int] | None = None) -> Connection:
        parameters = connection_parameters(self.settings)
        if address is not None:
            parameters["host"], parameters["port"] = address
            parameters["target_session_attrs"] = "any"
        try:
            connection: Connection = psycopg2.connect(connection_factory=Connection, **parameters)
        except psycopg2.OperationalError as exc:
            raise DatabaseUnavailableError(primary_message(exc)) from exc
        except UnicodeDecodeError:
            # Before a session begins the server speaks in an encoding of its own.
            raise DatabaseUnavailableError(
                "The server has refused the connection, in words that can't be read."
            ) from None
        major = connection.server_version // 10_000
        if major < MIN_SERVER_VERSION:
            connection.close()
            raise DatabaseUnavailableError(
                f"The server is PostgreSQL {major}; the library needs {MIN_SERVER_VERSION} "
                "or newer."
            )
        self.server_version = connection.server_version
        connection.autocommit = True
        register_type(UTC_TIMESTAMP, connection)
        if self.settings.answer_limit is not None:
            connection.answer_limit = self.settings.answer_limit
            self._watchdog.add(connection)
        return connection

    def _log_query(self, sql: str, params: Any) -> None:
        """Log nothing: the values may be secret."""
