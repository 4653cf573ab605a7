"""Peewee's database over the library's pool: transactions and the statements of models."""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import peewee
import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_INERROR

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
from triosigno_db.models.peewee_internals import HookedDatabase, Savepoint
from triosigno_db.settings import Settings

Address = tuple[str, int]


class LossTolerantSavepoint(Savepoint):
    """Peewee's savepoint, which keeps the first error where the connection is lost as well."""

    def rollback(self, begin: bool = True) -> None:
        """Roll back to the savepoint; without a connection the server has done so already.

        Args:
            begin: Whether to begin it anew.
        """
        with self.db.session.ignoring_loss():
            super().rollback(begin)


class Database(HookedDatabase):
    """One server's database: a pool, the session of each thread, and what sends statements.

    Args:
        settings: How to reach the server, and the limits to keep.
        address: For a replica: tells host and port of the server whose lag is known, of several;
            `None` from it means that any will do.

    Attributes:
        settings: As given.
        pool: The connections.
        session: Which of them each thread holds.
        executor: Sends the library's statements.
        content_cache: The cache of content, `None` where there is none.
    """

    pool: ConnectionPool
    session: Session
    executor: Executor

    def __init__(
        self, settings: Settings, *, address: Callable[[], Address | None] | None = None
    ) -> None:
        self.settings = settings
        self._address = address
        # What is read from a replica is older than what was written: it is not kept.
        is_cached = bool(settings.content_cache_seconds) and address is None
        self.content_cache = ContentCache(settings) if is_cached else None
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
        # A replica is not waited for: the primary serves.
        self.session = Session(self.pool, settings, waits_for_server=self._address is None)
        timer = StatementTimer(settings.slow_statement, settings.database)
        self.executor = Executor(self.session, settings, timer, self._forget_content)

    def reset_after_fork(self) -> None:
        """Start with an empty pool in a forked child, without touching its parent's sockets."""
        # Blocks that this thread was in have nothing to check in. psycopg2 leaves alone the
        # connections of another process when they are collected.
        self.session.reset()
        self._start()
        self.reset_state(self.session)
        if self.content_cache is not None:
            self.content_cache = ContentCache(self.settings)

    def retire(self) -> None:
        """Close what is idle now, and what is in use as soon as it is checked in."""
        self.pool.close()

    def interrupt(self, thread_id: int) -> None:
        """Have the server cancel the statement that a thread waits for, if it does.

        The thread's connection is closed when it is checked in, as the cancellation may arrive
        late. Behind a pooler, and where the server can't be asked, the statement's own time limit
        ends it.

        Args:
            thread_id: The thread, as `threading.get_ident` names it there.
        """
        connection = self.pool.connection_of(thread_id)
        if connection is None or connection.closed:
            return
        connection.is_interrupted = True
        if self.settings.pgbouncer:
            return
        backend = connection.info.backend_pid
        with suppress(psycopg2.Error, DatabaseUnavailableError):
            # Of several hosts the one that runs it, not the first that answers.
            other = open_connection(self.settings, address=connection.address)
            try:
                other.cursor().execute("SELECT pg_cancel_backend(%s)", (backend,))
            finally:
                other.close()

    # -- connections ------------------------------------------------------------------------

    def check_out(self) -> Connection:
        """Give a connection to Peewee's `connect()`."""
        return self.session.check_out()

    def check_in(self, connection: Connection) -> None:
        """Take a connection from Peewee's `close()`.

        Args:
            connection: What `check_out` gave.
        """
        self.pool.putconn(connection)

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
        """Begin a transaction; outside of a block it holds a connection until it ends.

        Args:
            isolation_level: Such as `"SERIALIZABLE"`; the server's default where it is missing.
        """
        self.session.check_out_for_transaction()
        try:
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
        """Commit; where that fails, Peewee rolls back next."""
        if self.session.closed:
            super().commit()  # raises what Peewee raises without a connection
        connection = self.session.conn
        if connection.info.transaction_status == TRANSACTION_STATUS_INERROR:
            # The server would answer this COMMIT with a rollback, and without an error.
            raise ConflictError(
                "A statement of this transaction failed and its error was caught: nothing of the "
                "transaction can be kept. Put what may fail into a nested transaction()."
            ).with_prisma_code("P2028")
        if connection.has_pending_input():
            # What a server sends to a client that has asked nothing is that it closes.
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
                raise  # what was only read leaves nothing behind, whatever came of the COMMIT
            raise self.executor.commit_unknown(cause) from cause
        self.executor.check_acknowledged(connection, started, earlier)
        self.session.check_in_after_transaction()

    def rollback(self) -> None:
        """Roll back; without a connection the server has done so already."""
        if self.session.closed:
            super().rollback()  # raises what Peewee raises without a connection
        try:
            with self.session.ignoring_loss(), self.executor.timed("ROLLBACK"):
                super().rollback()
        finally:
            self.session.check_in_after_transaction()

    def savepoint(self) -> LossTolerantSavepoint:
        """Make a savepoint.

        Returns:
            Its context manager.
        """
        return LossTolerantSavepoint(self)

    def _lost_before_commit(self) -> TrioSignoDBError:
        if self.executor.was_idle_for_too_long():
            return self.executor.idle_transaction_ended()
        return DatabaseUnavailableError(
            "The connection was lost before the COMMIT was sent: the server has rolled back."
        ).with_prisma_code("P1017")

    def _forget_content(self) -> None:
        # A reader that looks for the outcome is not to be served what was cached before.
        if self.content_cache is not None:
            self.content_cache.clear()

    # -- statements of the models -----------------------------------------------------------

    def execute(self, query: Any, **context_options: Any) -> Any:
        """Run a model's query, unless it writes and this thread only reads.

        Args:
            query: The query.
            **context_options: As Peewee takes them.

        Returns:
            The cursor.
        """
        refuse_writing_query(query)
        return super().execute(query, **context_options)

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        """Run a model's statement; outside of a block its connection is checked in at once.

        Args:
            sql: The statement.
            params: Its values.

        Returns:
            The cursor.
        """
        if not self.session.closed:
            self.session.renew()
            return super().execute_sql(sql, params)
        with self.session.checked_out():
            return DetachedCursor(super().execute_sql(sql, params))

    def send(self, sql: str, parameters: Any) -> Any:
        """Run a model's statement, time it, and keep values out of its error."""
        is_savepoint = sql.startswith(("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT"))
        name = sql.partition('"')[0].rstrip() if is_savepoint else sql
        try:
            with self.executor.timed(name) as timing:
                cursor = super().send(self.executor.restricted(sql), parameters)
                timing.rows = cursor.rowcount if cursor.description else 0
        except peewee.PeeweeException as exc:
            driver_error = getattr(exc, "orig", None)
            if isinstance(driver_error, psycopg2.Error):
                redact(driver_error)
                self.executor.look_for_primary(self.session.conn, driver_error)
                exc.args = driver_error.args
            raise
        return cursor
