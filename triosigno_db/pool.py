"""The pool: Peewee's, with cheaper checks, a bounded wait and care for forks and restarts."""

import heapq
import logging
import math
import random
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

import peewee
import psycopg2
from playhouse.pool import PoolConnection, PooledPostgresqlDatabase
from psycopg2.extensions import TRANSACTION_STATUS_INERROR, register_type

from triosigno_db.connections import UTC_TIMESTAMP, Connection, DetachedCursor, Row
from triosigno_db.content_cache import ContentCache
from triosigno_db.errors import (
    ConflictError,
    DatabaseUnavailableError,
    PoolTimeoutError,
    QueryTimeoutError,
    TrioSignoDBError,
)
from triosigno_db.failures import hide_details, is_collision, is_connection_lost, primary_message
from triosigno_db.settings import Settings
from triosigno_db.statements import CompiledStatement

logger = logging.getLogger("triosigno_db")

OLDEST_SERVER = 13
"""The oldest major version of PostgreSQL that the library works on."""

_FIRST_PAUSE = 0.05
_LONGEST_PAUSE = 0.5
_MOST_COLLISIONS = 5
"""How often a statement is sent again that the server undid for another transaction's sake."""

_STALE_PLAN = ("0A000", "26000")
"""A prepared statement that no longer fits its tables, or that somebody deallocated."""

observers: list[Callable[[str], None]] = []
"""Called with the name of each statement that is sent, or its text where it has no name."""


class Savepoint(peewee._savepoint):
    """Peewee's savepoint, which keeps the first error where the connection is lost as well."""

    def rollback(self, begin: bool = True) -> None:
        """Roll back to the savepoint; without a connection the server has done so already."""
        with self.db.ignoring_loss():
            super().rollback(begin)


class PooledDatabase(PooledPostgresqlDatabase):
    """The pooled database behind every function.

    Args:
        settings: How to reach the server, and the limits to keep.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.content_cache: ContentCache | None = None
        self._is_retired = False
        self._opening = 0
        super().__init__(
            settings.database,
            max_connections=settings.connection_limit,
            autoconnect=False,
        )

    # -- connections ------------------------------------------------------------------------

    def _connect(self) -> Connection:
        """Take a connection out of the pool, or open one, outside of the pool's lock."""
        while (connection := self._take_or_reserve()) is not None:
            if connection.is_usable(self.settings.idle_check_after):
                return connection
            self._close(connection, close_conn=True)
        return self._open_reserved()

    def _take_or_reserve(self) -> Connection | None:
        """Take an idle connection; `None` means that the caller may open another one."""
        wait = self.settings.pool_timeout or math.inf
        deadline = time.monotonic() + wait
        with self._pool_available:
            while True:
                if self._connections:
                    opened_at, _, connection = heapq.heappop(self._connections)
                    self._mark_in_use(connection, opened_at)
                    return connection
                if len(self._in_use) + self._opening < self._max_connections:
                    self._opening += 1
                    return None
                remaining = deadline - time.monotonic()
                if remaining <= 0:
                    raise PoolTimeoutError(self._max_connections, wait)
                self._pool_available.wait(min(remaining, threading.TIMEOUT_MAX))

    def _open_reserved(self) -> Connection:
        connection = None
        try:
            connection = self._open()
        finally:
            with self._pool_available:
                self._opening -= 1
                if connection is not None:
                    self._mark_in_use(connection, time.time())
                self._pool_available.notify()
        return connection

    def _mark_in_use(self, connection: Connection, opened_at: float) -> None:
        connection.thread_id = threading.get_ident()
        self._in_use[self.conn_key(connection)] = PoolConnection(opened_at, connection, time.time())

    def _open(self) -> Connection:
        try:
            connection: Connection = psycopg2.connect(
                dbname=self.settings.database,
                connection_factory=Connection,
                **self.settings.connection_parameters(),
            )
        except psycopg2.OperationalError as exc:
            raise DatabaseUnavailableError(primary_message(exc)) from exc
        major = connection.server_version // 10_000
        if major < OLDEST_SERVER:
            connection.close()
            raise DatabaseUnavailableError(
                f"The server is PostgreSQL {major}; the library needs {OLDEST_SERVER} or newer."
            )
        self.server_version = connection.server_version
        connection.autocommit = True
        register_type(UTC_TIMESTAMP, connection)
        return connection

    def _can_reuse(self, connection: Connection) -> bool:
        connection.last_used = time.monotonic()
        is_fit = not (self._is_retired or connection.is_interrupted)
        return is_fit and super()._can_reuse(connection)

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
            other = self._open()
            try:
                other.cursor().execute("SELECT pg_cancel_backend(%s)", (backend,))
            finally:
                other.close()

    def retire(self) -> None:
        """Close what is idle now, and what is in use as soon as it comes back."""
        self._is_retired = True
        self.close_idle()

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
        if self.content_cache is not None:
            self.content_cache = ContentCache(self.settings)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold one connection for this thread while the block lasts; blocks may nest."""
        if not self._state.closed:
            yield
            return
        self._state.set_connection(self._connect())
        try:
            yield
        finally:
            connection = self._state.conn
            self._state.reset()
            if connection is not None:
                self._close(connection)

    def _renew_held(self) -> None:
        """Replace the connection that this thread holds, if it was lost between two statements."""
        if self._state.closed or self.in_transaction():
            return
        connection: Connection = self._state.conn
        if not connection.is_usable(self.settings.idle_check_after):
            self._close(connection, close_conn=True)
            self._state.conn = self._connect()

    def is_connection_lost(self) -> bool:
        """Tell whether the connection that this thread holds is beyond use."""
        return bool(self._state.conn is None or self._state.conn.closed)

    @contextmanager
    def ignoring_loss(self) -> Iterator[None]:
        """Go on where a statement fails only because the connection is lost."""
        try:
            yield
        except (peewee.OperationalError, peewee.InterfaceError):
            if not self.is_connection_lost():
                raise

    # -- transactions -----------------------------------------------------------------------

    def begin(self, isolation_level: str | None = None) -> None:
        """Begin a transaction; outside of a block it borrows a connection until it ends."""
        if self._state.closed:
            self._state.set_connection(self._connect())
            self._state.is_borrowed = True
        self._renew_held()
        try:
            super().begin(isolation_level)
            if self.settings.pgbouncer:
                # Behind a pooler the limits can't be the session's.
                limits = "; ".join(f"SET LOCAL {n} = {v}" for n, v in self.settings.time_limits())
                self.cursor().execute(limits)
        except BaseException:
            self._give_back_borrowed()
            raise
        self._state.conn.last_used = time.monotonic()

    def commit(self) -> None:
        """Commit; where that fails, Peewee rolls back next."""
        if self._state.conn.info.transaction_status == TRANSACTION_STATUS_INERROR:
            # The server would answer this COMMIT with a rollback, and without an error.
            raise ConflictError(
                "A statement of this transaction failed and its error was caught: nothing of the "
                "transaction can be kept. Put what may fail into a nested transaction()."
            ).with_prisma_code("P2028")
        super().commit()
        self._give_back_borrowed()

    def rollback(self) -> None:
        """Roll back; without a connection the server has done so already."""
        try:
            with self.ignoring_loss():
                super().rollback()
        finally:
            self._give_back_borrowed()

    def _give_back_borrowed(self) -> None:
        is_over = not self._state.transactions
        if not (is_over and getattr(self._state, "is_borrowed", False)):
            return
        self._state.is_borrowed = False
        connection, callbacks = self._state.conn, self._state.commit_callbacks
        self._state.reset()
        # Peewee runs them once the commit is done.
        self._state.commit_callbacks = callbacks
        self._close(connection)

    def savepoint(self) -> Savepoint:
        """Make a savepoint."""
        return Savepoint(self)

    # -- statements of the library ----------------------------------------------------------

    def fetch(self, compiled: CompiledStatement, parameters: Mapping[str, Any]) -> list[Row]:
        """Run a statement and fetch its rows, on the held connection or a borrowed one.

        Outside of a transaction, a statement that only reads is sent again where the connection
        turns out to be lost, for as long as opening one may take. Any statement is sent again that
        did not run because what was prepared no longer fits its tables, or that the server undid
        because it stood in a deadlock or could not be serialized.

        Args:
            compiled: The statement.
            parameters: Its values by name.

        Returns:
            The rows.
        """
        retries = _Retries(compiled, self.settings)
        while True:
            try:
                self._renew_held()
                with self.held():
                    return self._fetch_held(compiled, parameters)
            except (psycopg2.Error, DatabaseUnavailableError) as exc:
                if self._was_idle_for_too_long():
                    raise _idle_transaction_ended(self.settings) from exc
                if self.in_transaction() or not retries.allow(exc):
                    raise
                collided = is_collision(exc)
            if not collided:
                # What cost this connection cost the idle ones as well.
                self.close_idle()
            retries.wait()

    def run(self, sql: str, parameters: Mapping[str, Any] | None) -> list[Row]:
        """Run SQL text once, without preparing it, and fetch the rows of its last statement.

        Args:
            sql: One statement or several; `%(name)s` stands for a parameter where there are any.
            parameters: Values by name; with `None` a percent sign is only a percent sign.

        Returns:
            The rows, none for a statement that gives none.
        """
        with self.held(), self._state.conn.cursor() as cursor:
            self._observe(sql)
            cursor.execute(sql, parameters)
            self._state.conn.last_used = time.monotonic()
            return list(cursor.fetchall()) if cursor.description else []

    def _fetch_held(self, compiled: CompiledStatement, parameters: Mapping[str, Any]) -> list[Row]:
        connection: Connection = self._state.conn
        started = time.perf_counter()
        self._observe(compiled.name)
        with connection.cursor() as cursor:
            if self.settings.pgbouncer or compiled.prepared_name is None:
                cursor.execute(compiled.sql, parameters)
            else:
                self._execute_prepared(cursor, compiled, parameters)
            rows: list[Row] = cursor.fetchall()
        connection.last_used = time.monotonic()
        if logger.isEnabledFor(logging.DEBUG):
            elapsed = (time.perf_counter() - started) * 1000
            logger.debug("%s took %.2f ms, %d rows", compiled.name, elapsed, len(rows))
        return rows

    def _observe(self, name: str) -> None:
        for observe in observers:
            observe(name)

    def _was_idle_for_too_long(self) -> bool:
        """Whether the server has ended the transaction for its pause between two statements.

        The server says so, but libpq reads only that the connection is closed.
        """
        limit = self.settings.idle_transaction_timeout
        return (
            self.in_transaction()
            and self.is_connection_lost()
            and 0 < limit <= time.monotonic() - self._state.conn.last_used
        )

    def _execute_prepared(
        self, cursor: Any, compiled: CompiledStatement, parameters: Mapping[str, Any]
    ) -> None:
        prepared = cursor.connection.prepared
        if compiled.prepared_name not in prepared:
            cursor.execute(compiled.prepare)
            prepared.add(compiled.prepared_name)
        try:
            cursor.execute(compiled.execute, parameters)
        except psycopg2.Error as exc:
            if exc.pgcode in _STALE_PLAN and not self.in_transaction():
                cursor.connection.close()
            raise

    # -- statements of the models -----------------------------------------------------------

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        """Run a model's statement; outside of a block the connection goes back at once."""
        if not self._state.closed:
            self._renew_held()
            return super().execute_sql(sql, params)
        with self.held():
            return DetachedCursor(super().execute_sql(sql, params))

    def _execute_cursor(self, sql: str, params: Any, **cursor_options: Any) -> Any:
        self._observe(sql)
        try:
            cursor = super()._execute_cursor(sql, params, **cursor_options)
        except peewee.PeeweeException as exc:
            driver_error = getattr(exc, "orig", None)
            if isinstance(driver_error, psycopg2.Error):
                hide_details(driver_error)
                exc.args = driver_error.args
            raise
        self._state.conn.last_used = time.monotonic()
        return cursor

    def _log_query(self, sql: str, params: Any) -> None:  # noqa: ARG002 (values may be secret)
        logger.debug("%s", sql)


def _idle_transaction_ended(settings: Settings) -> TrioSignoDBError:
    limit = settings.idle_transaction_timeout
    return QueryTimeoutError(
        f"The transaction was idle for longer than {limit:g} s: the server has ended it."
    ).with_prisma_code("P2028")


class _Retries:
    """Decides whether a failed statement is sent again, and how long to wait before."""

    def __init__(self, compiled: CompiledStatement, settings: Settings) -> None:
        self._waits = 0
        self._reads_only = compiled.reads_only
        self._deadline = time.monotonic() + (settings.connect_timeout or math.inf)
        # Each pooled connection may hold a plan that no longer fits.
        self._stale_plans_left = settings.connection_limit + 1
        self._collisions_left = _MOST_COLLISIONS

    def allow(self, failure: psycopg2.Error | DatabaseUnavailableError) -> bool:
        if isinstance(failure, psycopg2.Error):
            if failure.pgcode in _STALE_PLAN:
                self._stale_plans_left -= 1
                return self._stale_plans_left > 0
            if is_collision(failure):
                self._collisions_left -= 1
                return self._collisions_left > 0
            if not is_connection_lost(failure):
                return False
        return self._reads_only and time.monotonic() < self._deadline

    def wait(self) -> None:
        # A connection that was lost is mostly there again at once. Later on, nothing tells when a
        # server is up again but trying.
        if self._waits:
            time.sleep(pause_after(self._waits))
        self._waits += 1


def pause_after(tries: int) -> float:
    """Tell how long to wait before the next try: longer each time, and each caller differently.

    Args:
        tries: How many were made.

    Returns:
        The time in seconds, at most half a second.
    """
    longest = min(_FIRST_PAUSE * 2**tries, _LONGEST_PAUSE)
    return random.uniform(longest / 2, longest)  # noqa: S311 (no secret depends on it)
