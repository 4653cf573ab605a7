"""Peewee's database over the library's pool: transactions and the statements of models."""

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import peewee
import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_INERROR

from triosigno_db.database.atomic import CompleteSavepoint, CompleteTransaction, run_scope
from triosigno_db.database.blocks import block
from triosigno_db.database.connection import Connection, DetachedCursor
from triosigno_db.database.connector import open_connection
from triosigno_db.database.content_cache import ContentCache
from triosigno_db.database.events import StatementTimer
from triosigno_db.database.executor import Executor
from triosigno_db.database.pool import ConnectionPool
from triosigno_db.database.read_only import SET_READ_ONLY, is_read_only, refuse_writing_query
from triosigno_db.database.session import Session
from triosigno_db.database.sqlstates import is_outcome_known, redact
from triosigno_db.database.watchdog import Watchdog
from triosigno_db.errors import (
    ConflictError,
    DatabaseUnavailableError,
    TrioSignoDBError,
)
from triosigno_db.models.peewee_internals import HookedDatabase
from triosigno_db.passwords import HighestCost
from triosigno_db.settings import Settings

Address = tuple[str, int]


class Database(HookedDatabase):
    """The database of one server: a pool, the session of each thread, and an executor.

    Args:
        settings: How to connect to the server, and the limits to apply.
        address: For a replica, a function that returns the host and port of the server whose lag
            is known, or `None` for any of its hosts.

    Attributes:
        settings: The settings.
        pool: The connection pool.
        session: The connection that each thread holds.
        executor: Executes the statements of the library.
        content_cache: The cache of content, or `None` if it is disabled.
        highest_cost: The highest cost of the password hashes that were compared.
    """

    pool: ConnectionPool
    session: Session
    executor: Executor

    def __init__(
        self, settings: Settings, *, address: Callable[[], Address | None] | None = None
    ) -> None:
        self.settings = settings
        self._address = address
        # Rows read from a replica may be outdated, so they are not cached.
        is_cached = bool(settings.content_cache_seconds) and address is None
        self.content_cache = ContentCache(settings) if is_cached else None
        self.highest_cost = HighestCost(settings.password_cost)
        self._start()
        super().__init__(settings.database, self.session)

    def _start(self) -> None:
        settings = self.settings
        self._watchdog = Watchdog()
        self.pool = ConnectionPool(
            self._open,
            check=self._is_usable,
            max_size=settings.connection_limit,
            timeout=settings.pool_timeout,
            max_lifetime=settings.max_lifetime,
            on_drained=self._watchdog.end,
        )
        # Do not wait for a replica: the primary can serve instead.
        self.session = Session(self.pool, settings, waits_for_server=self._address is None)
        timer = StatementTimer(settings.slow_statement, settings.database)
        self.executor = Executor(self.session, settings, timer, self.forget_content)

    def reset_after_fork(self) -> None:
        """Start with an empty pool in a forked child, without using the sockets of its parent."""
        # The blocks of this thread have no connection to check in. psycopg2 does not close the
        # connections of another process when they are garbage collected.
        self.session.forget()
        self._start()
        self.reset_state(self.session)
        if self.content_cache is not None:
            self.content_cache = ContentCache(self.settings)

    def retire(self) -> None:
        """Close idle connections now, and connections in use when they are checked in."""
        self.pool.close()

    def interrupt(self, thread_id: int) -> None:
        """Cancel the statement that a thread waits for, if any.

        The connection of the thread is closed when it is checked in, because the cancellation may
        arrive late. Behind a pooler, or if the server can't be reached, the statement runs until
        its time limit.

        Args:
            thread_id: The id of the thread, as returned by `threading.get_ident`.
        """
        connection = self.pool.connection_of(thread_id)
        if connection is None or connection.closed:
            return
        connection.is_interrupted = True
        if self.settings.pgbouncer:
            return
        backend = connection.info.backend_pid
        with suppress(psycopg2.Error, DatabaseUnavailableError):
            # With several hosts, connect to the one that runs it, not to the first that responds.
            other = open_connection(self.settings, address=connection.address)
            try:
                other.cursor().execute("SELECT pg_catalog.pg_cancel_backend(%s)", (backend,))
            finally:
                other.close()

    # -- connections ------------------------------------------------------------------------

    def check_out(self) -> Connection:
        """Check out a connection for the `connect()` method of Peewee."""
        return self.session.hold()

    def check_in(self, connection: Connection) -> None:
        """Check in a connection for the `close()` method of Peewee.

        Args:
            connection: The connection that this thread holds.
        """
        del connection  # the session knows it
        self.session.release()

    def _open(self) -> Connection:
        address = self._address() if self._address is not None else None
        connection = open_connection(self.settings, address=address)
        self.server_version = connection.server_version
        if self.settings.answer_limit is not None:
            connection.answer_limit = self.settings.answer_limit
            self._watchdog.add(connection)
        return connection

    def _is_usable(self, connection: Connection) -> bool:
        if self._address is not None and self._address() not in (None, connection.address):
            return False
        return connection.is_usable(self.settings.idle_check_after)

    # -- transactions -----------------------------------------------------------------------

    def begin(self, isolation_level: str | None = None) -> None:
        """Begin a transaction; outside a block it holds a connection until it ends.

        Args:
            isolation_level: The isolation level, such as `"SERIALIZABLE"`; by default that of the
                server.
        """
        try:
            self.session.check_out_for_transaction()
            with self.executor.timed("BEGIN"):
                super().begin(isolation_level)
            local = self.settings.local_limits()
            if is_read_only():
                local = [SET_READ_ONLY, *local]
            if local:
                self.cursor().execute("; ".join(local))
        except BaseException:
            self.session.check_in_after_transaction()
            raise

    def commit(self) -> None:
        """Commit the transaction; if that fails, it is rolled back where it is left."""
        if self.session.closed:
            super().commit()  # raises the error of Peewee for a closed connection
        connection = self.session.conn
        if connection.info.transaction_status == TRANSACTION_STATUS_INERROR:
            # The server would roll back on this COMMIT without reporting an error.
            raise ConflictError(
                "A statement of this transaction failed and its error was caught: the transaction "
                "can't be committed. Use a nested transaction() for statements that may fail."
            ).with_prisma_code("P2028")
        if connection.has_pending_input():
            # A server sends unrequested input only when it closes the connection.
            connection.close()
            raise self._lost_before_commit()
        earlier = connection.notices[-1:]
        started = time.perf_counter()
        try:
            with self.executor.timed("COMMIT"):
                super().commit()
        except peewee.PeeweeException as exc:
            cause = getattr(exc, "orig", None)
            if not isinstance(cause, psycopg2.Error) or is_outcome_known(cause):
                raise
            if is_read_only():
                raise  # a transaction that only read has no outcome to lose
            raise self.executor.commit_unknown(cause) from cause
        self.executor.check_acknowledged(connection, started, earlier)
        self.session.check_in_after_transaction()

    def rollback(self) -> None:
        """Roll back the transaction; if the connection is lost, the server has done so already."""
        if self.session.closed:
            super().rollback()  # raises the error of Peewee for a closed connection
        try:
            with self.session.ignoring_loss(), self.executor.timed("ROLLBACK"):
                super().rollback()
        finally:
            try:
                self.session.check_in_after_transaction()
            finally:
                self.session.check_in_after_transaction()

    def abort(self, depth: int) -> None:
        """Close the connection of this thread, whose transaction was neither committed nor undone.

        Args:
            depth: The number of transactions that go on; without a connection they will fail.
        """
        try:
            self.session.abort(depth)
        finally:
            self.session.check_in_after_transaction()
            self.forget_content()

    @block
    def transaction(self, *args: Any, **options: Any) -> Iterator[Any]:  # type: ignore[override]
        """Run a block in a transaction; inside another one it is part of that.

        Args:
            *args: The arguments of `begin`.
            **options: Its keyword arguments.

        Yields:
            The transaction.
        """
        scope = CompleteTransaction(self, *args, **options)
        yield from run_scope(self, scope, scope)

    @block
    def savepoint(self) -> Iterator[Any]:  # type: ignore[override]
        """Run a block in a savepoint.

        Yields:
            The savepoint.
        """
        scope = CompleteSavepoint(self)
        yield from run_scope(self, scope, scope)

    @block
    def atomic(self, *args: Any, **options: Any) -> Iterator[Any]:  # type: ignore[override]
        """Run a block in a transaction, or in a savepoint inside another one.

        Args:
            *args: The arguments of `begin`.
            **options: Its keyword arguments.

        Yields:
            The transaction or the savepoint.
        """
        is_nested = self.in_transaction()
        with self.savepoint() if is_nested else self.transaction(*args, **options) as scope:
            yield scope

    def _lost_before_commit(self) -> TrioSignoDBError:
        if self.executor.was_idle_for_too_long():
            return self.executor.idle_transaction_ended()
        return DatabaseUnavailableError(
            "The connection was lost before the COMMIT was sent: the server rolled back."
        ).with_prisma_code("P1017")

    def forget_content(self) -> None:
        """Clear the cache of content: a reader that checks an unknown outcome must see it."""
        if self.content_cache is not None:
            self.content_cache.clear()

    # -- statements of the models -----------------------------------------------------------

    def execute(self, query: Any, **context_options: Any) -> Any:
        """Run a query of a model; refuse a write if this thread only reads.

        Args:
            query: The query.
            **context_options: The context options of Peewee.

        Returns:
            The cursor.
        """
        refuse_writing_query(query)
        return super().execute(query, **context_options)

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        """Run a statement of a model; outside a block its connection is checked in immediately.

        Args:
            sql: The statement.
            params: The values of its placeholders.

        Returns:
            The cursor.
        """
        if not self.session.closed:
            self.session.renew()
            return super().execute_sql(sql, params)
        with self.session.checked_out():
            return DetachedCursor(super().execute_sql(sql, params))

    def send(self, sql: str, parameters: Any) -> Any:
        """Send a statement of a model, time it, and remove values from its error.

        Args:
            sql: The statement.
            parameters: The values of its placeholders.

        Returns:
            The driver's cursor.
        """
        is_savepoint = sql.startswith(("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT"))
        name = sql.partition('"')[0].rstrip() if is_savepoint else sql
        try:
            with self.executor.timed(name) as timing:
                cursor = super().send(self.executor.restricted(sql), parameters)
                timing.rows = cursor.rowcount if cursor.description else 0
        except peewee.PeeweeException as exc:
            self.remove_values(exc)
            self.executor.look_for_primary(self.session.conn, getattr(exc, "orig", None) or exc)
            raise
        return cursor

    def remove_values(self, error: Any) -> None:
        """Remove values of rows and statements from an error of Peewee and from its cause.

        Args:
            error: The error, changed in place.
        """
        driver_error = getattr(error, "orig", None)
        if isinstance(driver_error, psycopg2.Error):
            redact(driver_error)
            error.args = driver_error.args
