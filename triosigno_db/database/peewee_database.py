"""The database behind every function: statements and transactions on pooled connections."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import peewee
import psycopg2
from psycopg2.extensions import TRANSACTION_STATUS_INERROR

from triosigno_db.database.connection import Connection, DetachedCursor, Row
from triosigno_db.database.content_cache import ContentCache
from triosigno_db.database.events import Outcome, Report
from triosigno_db.database.read_only import SET_READ_ONLY, is_read_only, refuse_writing_query
from triosigno_db.database.retries import READ_ONLY, RetryPolicy
from triosigno_db.database.session import HoldingPool
from triosigno_db.database.sqlstates import (
    is_outcome_known,
    is_plan_stale,
    is_serialization_failure,
    primary_message,
    redact,
)
from triosigno_db.database.statements import CompiledStatement
from triosigno_db.errors import (
    ConflictError,
    DatabaseUnavailableError,
    OutcomeUnknownError,
    QueryTimeoutError,
    TrioSignoDBError,
)
from triosigno_db.settings import Settings

logger = logging.getLogger("triosigno_db")


class Savepoint(peewee._savepoint):
    """Peewee's savepoint, which keeps the first error where the connection is lost as well."""

    def rollback(self, begin: bool = True) -> None:
        """Roll back to the savepoint; without a connection the server has done so already."""
        with self.db.ignoring_loss():
            super().rollback(begin)


class PooledDatabase(HoldingPool):
    """Sends statements, alone or in transactions, and knows what may be sent again.

    Args:
        settings: How to reach the server, and the limits to keep.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self.content_cache: ContentCache | None = None
        self._report = Report(settings.slow_statement, settings.database)

    def forget_inherited(self) -> None:
        """Start anew in a forked child."""
        super().forget_inherited()
        if self.content_cache is not None:
            self.content_cache = ContentCache(self.settings)

    def serving(self) -> "PooledDatabase":
        """Give what serves this thread at present: a replica, where there is one, or this."""
        return self

    @contextmanager
    def lent(self) -> Iterator["PooledDatabase"]:
        """Hold one connection for this thread while the block lasts, and tell whose it is."""
        with self.held():
            yield self

    # -- transactions -----------------------------------------------------------------------

    def begin(self, isolation_level: str | None = None) -> None:
        """Begin a transaction; outside of a block it borrows a connection until it ends."""
        if self._state.closed:
            self._state.set_connection(self._connect_patiently())
            self._state.is_borrowed = True
        self._renew_held()
        try:
            with self._reported("BEGIN"):
                super().begin(isolation_level)
            local = self.settings.local_limits()
            if is_read_only():
                local = [SET_READ_ONLY, *local]
            if local:
                self.cursor().execute("; ".join(local))
        except BaseException:
            self._give_back_borrowed()
            raise

    def commit(self) -> None:
        """Commit; where that fails, Peewee rolls back next."""
        connection: Connection = self._state.conn
        if connection.info.transaction_status == TRANSACTION_STATUS_INERROR:
            # The server would answer this COMMIT with a rollback, and without an error.
            raise ConflictError(
                "A statement of this transaction failed and its error was caught: nothing of the "
                "transaction can be kept. Put what may fail into a nested transaction()."
            ).with_prisma_code("P2028")
        if connection.has_pending_input():
            # What the server has to say to who has asked nothing is that it goes.
            connection.close()
            raise self._lost_before_commit()
        earlier = connection.notices[-1:]
        started = time.perf_counter()
        try:
            with self._reported("COMMIT"):
                super().commit()
        except peewee.PeeweeException as exc:
            cause = getattr(exc, "orig", None)
            if not isinstance(cause, psycopg2.Error) or is_outcome_known(cause):
                raise
            if is_read_only():
                raise  # what was only read leaves nothing behind, whatever came of the COMMIT
            raise self._answer_lost("the COMMIT", cause) from cause
        self._check_acknowledged(connection, started, earlier)
        self._give_back_borrowed()

    def rollback(self) -> None:
        """Roll back; without a connection the server has done so already."""
        try:
            with self.ignoring_loss(), self._reported("ROLLBACK"):
                super().rollback()
        finally:
            self._give_back_borrowed()

    def savepoint(self) -> Savepoint:
        """Make a savepoint."""
        return Savepoint(self)

    def _lost_before_commit(self) -> TrioSignoDBError:
        if self._was_idle_for_too_long():
            return _idle_transaction_ended(self.settings)
        return DatabaseUnavailableError(
            "The connection was lost before the COMMIT was sent: the server has rolled back."
        ).with_prisma_code("P1017")

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

    # -- statements of the library ----------------------------------------------------------

    def fetch(self, compiled: CompiledStatement, parameters: Mapping[str, Any]) -> list[Row]:
        """Run a statement and fetch its rows, on the held connection or a borrowed one.

        Outside of a transaction it may be sent again, as `RetryPolicy` decides.

        Args:
            compiled: The statement.
            parameters: Its values by name.

        Returns:
            The rows.

        Raises:
            psycopg2.Error: The server's answer, or a loss that has changed nothing.
            OutcomeUnknownError: The answer to a write was lost.
            DatabaseUnavailableError: No connection could be opened; nothing was applied.
        """
        retries = RetryPolicy(compiled, self.settings)
        while True:
            try:
                self._renew_held()
                with self.held():
                    return self._fetch_held(compiled, parameters, retries)
            except DatabaseUnavailableError as exc:
                if retries.lost_answer is None:
                    raise
                raise self._answer_lost(compiled.name, retries.lost_answer) from exc
            except psycopg2.Error as exc:
                if self._was_idle_for_too_long():
                    raise _idle_transaction_ended(self.settings) from exc
                if self.in_transaction():
                    raise
                if not retries.should_retry(exc):
                    failure = self._final_failure(compiled, retries)
                    if failure is None:
                        raise
                    raise failure from exc
                logger.warning("%s is sent again: %s", compiled.name, type(exc).__name__)
                if not is_serialization_failure(exc):
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
            with self._reported(sql) as outcome:
                cursor.execute(self._restricted(sql), parameters)
                outcome.rows = cursor.rowcount if cursor.description else 0
            return list(cursor.fetchall()) if cursor.description else []

    def _fetch_held(
        self, compiled: CompiledStatement, parameters: Mapping[str, Any], retries: RetryPolicy
    ) -> list[Row]:
        connection: Connection = self._state.conn
        started = time.perf_counter()
        earlier = connection.notices[-1:]
        try:
            with connection.cursor() as cursor:
                if self.settings.pgbouncer or compiled.prepared_name is None:
                    retries.is_sent = True
                    cursor.execute(compiled.sql, parameters)
                else:
                    self._execute_prepared(cursor, compiled, parameters, retries)
                rows: list[Row] = cursor.fetchall()
        except BaseException as exc:
            retries.is_aborted = connection.is_aborted
            self._note_demotion(exc)
            self._report.ended(compiled.name, connection.address, started, error=exc)
            raise
        self._report.ended(compiled.name, connection.address, started, len(rows))
        if not compiled.reads_only:
            self._check_acknowledged(connection, started, earlier)
        return rows

    def _execute_prepared(
        self,
        cursor: Any,
        compiled: CompiledStatement,
        parameters: Mapping[str, Any],
        retries: RetryPolicy,
    ) -> None:
        prepared = cursor.connection.prepared
        if compiled.prepared_name not in prepared:
            cursor.execute(compiled.prepare)
            prepared.add(compiled.prepared_name)
        retries.is_sent = True
        try:
            cursor.execute(compiled.execute, parameters)
        except psycopg2.Error as exc:
            if is_plan_stale(exc) and not self.in_transaction():
                cursor.connection.close()
            raise

    def _reported(self, name: str) -> AbstractContextManager[Outcome]:
        return self._report.of(name, self._state.conn.address)

    def _note_demotion(self, exc: BaseException) -> None:
        """Look for the primary anew where a server that was one has refused a write."""
        is_refusal = isinstance(exc, psycopg2.Error) and exc.pgcode == READ_ONLY
        if is_refusal and self.settings.seeks_writes and not is_read_only():
            self._state.conn.is_demoted = True
            self.close_idle()

    def _final_failure(
        self, compiled: CompiledStatement, retries: RetryPolicy
    ) -> TrioSignoDBError | None:
        """What is raised in place of the last failure, if it does not say all that is known."""
        if retries.lost_answer is not None:
            return self._answer_lost(compiled.name, retries.lost_answer)
        if retries.is_aborted:
            return DatabaseUnavailableError(
                f"No answer to {compiled.name} came within {self.settings.answer_limit:g} s: "
                "the network or the server stands still."
            )
        return None

    def _check_acknowledged(
        self, connection: Connection, started: float, earlier: list[str]
    ) -> None:
        """Refuse to call a commit safe whose standby has not confirmed it.

        A server that waits for its synchronous standby, and meets the statement's time limit there,
        answers with a success and a warning: the commit is done, but only there. Nothing else
        succeeds beyond the limit.
        https://www.postgresql.org/docs/current/warm-standby.html#SYNCHRONOUS-REPLICATION
        """
        limit = self.settings.statement_timeout
        is_late = 0 < limit <= time.perf_counter() - started
        if is_late and connection.notices[-1:] != earlier:
            raise self._outcome_unknown(
                f"The server has committed, but its standby has not confirmed it within {limit:g} "
                "s: it is kept unless the server is lost before it is replicated."
            )

    def _restricted(self, sql: str) -> str:
        """Have the server refuse what text writes, where this thread only reads."""
        is_free = not is_read_only() or self.in_transaction()
        return sql if is_free else f"{SET_READ_ONLY}; {sql}"

    def _answer_lost(self, what: str, cause: psycopg2.Error) -> TrioSignoDBError:
        return self._outcome_unknown(
            f"The answer to {what} was lost: it was applied once, or not at all "
            f"({primary_message(cause)})."
        )

    def _outcome_unknown(self, why: str) -> TrioSignoDBError:
        # Whoever reads next, to find out, is not to be served what was kept before.
        if self.content_cache is not None:
            self.content_cache.clear()
        return OutcomeUnknownError(why)

    # -- statements of the models -----------------------------------------------------------

    def execute(self, query: Any, **context_options: Any) -> Any:
        """Run a model's query, unless it writes and this thread only reads."""
        refuse_writing_query(query)
        return super().execute(query, **context_options)

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        """Run a model's statement; outside of a block the connection goes back at once."""
        if not self._state.closed:
            self._renew_held()
            return super().execute_sql(sql, params)
        with self.held():
            return DetachedCursor(super().execute_sql(sql, params))

    def _execute_cursor(self, sql: str, params: Any, **cursor_options: Any) -> Any:
        is_savepoint = sql.startswith(("SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO SAVEPOINT"))
        name = sql.partition('"')[0].rstrip() if is_savepoint else sql
        try:
            with self._reported(name) as outcome:
                cursor = super()._execute_cursor(self._restricted(sql), params, **cursor_options)
                outcome.rows = cursor.rowcount if cursor.description else 0
        except peewee.PeeweeException as exc:
            driver_error = getattr(exc, "orig", None)
            if isinstance(driver_error, psycopg2.Error):
                redact(driver_error)
                self._note_demotion(driver_error)
                exc.args = driver_error.args
            raise
        return cursor


def _idle_transaction_ended(settings: Settings) -> TrioSignoDBError:
    limit = settings.idle_transaction_timeout
    return QueryTimeoutError(
        f"The transaction was idle for longer than {limit:g} s: the server has ended it."
    ).with_prisma_code("P2028")
