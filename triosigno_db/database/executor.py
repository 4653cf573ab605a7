"""Executes the statements of the library: prepares, retries if that is safe, checks the outcome."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import psycopg2

from triosigno_db.database.connection import Connection, Row
from triosigno_db.database.events import StatementTimer
from triosigno_db.database.logs import log
from triosigno_db.database.pool import Checkout
from triosigno_db.database.read_only import SET_READ_ONLY, is_read_only
from triosigno_db.database.retries import Attempt, RetryPolicy
from triosigno_db.database.session import Session
from triosigno_db.database.sqlstates import (
    is_plan_stale,
    is_refused_write,
    is_serialization_failure,
    primary_message,
)
from triosigno_db.database.statements import CompiledStatement
from triosigno_db.errors import (
    DatabaseUnavailableError,
    OutcomeUnknownError,
    QueryTimeoutError,
    TrioSignoDBError,
)
from triosigno_db.settings import Settings


class Executor:
    """Executes statements on the connection that the thread holds, or one checked out for the call.

    Args:
        session: The connection of each thread.
        settings: The limits to apply.
        timer: Times each statement.
        on_unknown_outcome: Called if it is unknown whether a write was applied.
    """

    def __init__(
        self,
        session: Session,
        settings: Settings,
        timer: StatementTimer,
        on_unknown_outcome: Callable[[], None],
    ) -> None:
        self._session = session
        self._settings = settings
        self._timer = timer
        # A pooler in transaction mode gives each transaction another connection.
        self._max_prepared = 0 if settings.pgbouncer else settings.statement_cache_size
        self._on_unknown_outcome = on_unknown_outcome

    def fetch(self, compiled: CompiledStatement, parameters: Mapping[str, Any]) -> list[Row]:
        """Run a statement and fetch its rows.

        Outside a transaction it may be retried, as `RetryPolicy` decides.

        Args:
            compiled: The statement.
            parameters: The values of its parameters, by name.

        Returns:
            The rows.

        Raises:
            psycopg2.Error: The server returned an error, or the connection was lost and nothing was
                applied.
            OutcomeUnknownError: The answer to a write was lost.
            DatabaseUnavailableError: No connection could be opened; nothing was applied.
        """
        policy: RetryPolicy | None = None
        attempt = Attempt()
        while True:
            try:
                return self.fetch_once(compiled, parameters, attempt)
            except DatabaseUnavailableError as exc:
                if policy is None or policy.unknown_outcome is None:
                    raise
                raise self._answer_lost(compiled.name, policy.unknown_outcome) from exc
            except psycopg2.Error as exc:
                if self.was_idle_for_too_long():
                    raise self.idle_transaction_ended() from exc
                if self._session.transactions:
                    raise
                policy = policy or RetryPolicy(compiled, self._settings)
                self._retry_or_raise(compiled, policy, exc, attempt)
            policy.wait()

    def fetch_once(
        self, compiled: CompiledStatement, parameters: Mapping[str, Any], attempt: Attempt
    ) -> list[Row]:
        """Run a statement and fetch its rows, without a retry.

        Args:
            compiled: The statement.
            parameters: The values of its parameters, by name.
            attempt: Records how far the execution got.

        Returns:
            The rows.
        """
        session = self._session
        attempt.is_sent = False
        if not session.closed:
            session.renew()
            return self._send(session.conn, compiled, parameters, attempt)
        checkout = Checkout()
        try:
            connection = session.check_out(checkout)
            rows = self._send(connection, compiled, parameters, attempt)
            session.pool.putconn(checkout)
        except BaseException:
            # Also what an exception from outside interrupts: the call above can be repeated.
            session.pool.putconn(checkout)
            raise
        return rows

    def run(self, sql: str, parameters: Mapping[str, Any] | None) -> list[Row]:
        """Run SQL text once, without preparing it, and fetch the rows of its last statement.

        Args:
            sql: One or more statements, with `%(name)s` for each parameter.
            parameters: The values by name; with `None` a percent sign is literal.

        Returns:
            The rows; empty if the statement returns no rows.
        """
        session = self._session
        with session.checked_out(), session.conn.cursor() as cursor:
            with self.timed(sql) as timing:
                cursor.execute(self.restricted(sql), parameters)
                timing.rows = cursor.rowcount if cursor.description else 0
            return list(cursor.fetchall()) if cursor.description else []

    # -- shared with the statements of models -----------------------------------------------

    def timed(self, name: str) -> Any:
        """Time a statement that is sent on the connection of this thread inside the block.

        Args:
            name: The name of the statement, or its text if it has no name.

        Returns:
            A context manager that yields the timing, on which the number of rows is set.
        """
        return self._timer.timed(name, self._session.conn.address)

    def restricted(self, sql: str) -> str:
        """Make SQL text read-only, if this thread only reads.

        Args:
            sql: The SQL text.

        Returns:
            The text to send; the server refuses writes in it.
        """
        is_free = not is_read_only() or self._session.transactions
        return sql if is_free else f"{SET_READ_ONLY}; {sql}"

    def look_for_primary(self, connection: Connection, failure: BaseException) -> None:
        """Search for the primary again, if a former primary has refused a write.

        Args:
            connection: The connection to that server.
            failure: The error of the statement.
        """
        if is_refused_write(failure) and self._settings.seeks_writes and not is_read_only():
            connection.is_demoted = True
            self._session.pool.close_idle()

    def check_acknowledged(
        self, connection: Connection, started: float, earlier: list[str]
    ) -> None:
        """Raise an error if the synchronous standby has not confirmed a commit.

        If a server reaches the statement timeout while it waits for its synchronous standby, it
        reports success with a warning: the commit is stored on this server only. No other statement
        succeeds after the limit.
        https://www.postgresql.org/docs/current/warm-standby.html#SYNCHRONOUS-REPLICATION

        Args:
            connection: The connection that the commit was sent on.
            started: The time at which it was sent, by `time.perf_counter`.
            earlier: The last notice of the connection before it was sent.

        Raises:
            OutcomeUnknownError: The standby has not confirmed the commit.
        """
        limit = self._settings.statement_timeout
        is_late = 0 < limit <= time.perf_counter() - started
        if is_late and connection.notices[-1:] != earlier:
            raise self._outcome_unknown(
                f"The server committed, but its standby did not confirm it within {limit:g} s: "
                "the commit is lost only if the server is lost before it is replicated."
            )

    def commit_unknown(self, cause: psycopg2.Error) -> TrioSignoDBError:
        """Build the error for a COMMIT whose answer was lost.

        Args:
            cause: The driver's error.

        Returns:
            The exception to raise.
        """
        return self._answer_lost("the COMMIT", cause)

    def was_idle_for_too_long(self) -> bool:
        """Return whether the server ended the transaction because it was idle for too long.

        The server sends the reason, but libpq only notices that the connection is closed.
        """
        session, limit = self._session, self._settings.idle_transaction_timeout
        return (
            bool(session.transactions)
            and session.conn is not None
            and session.is_lost
            # The server counts from the end of the answer, which arrives here later.
            and 0 < 0.9 * limit <= time.monotonic() - session.conn.last_used
        )

    def idle_transaction_ended(self) -> TrioSignoDBError:
        """Build the error for an idle transaction that the server has ended.

        Returns:
            The exception to raise.
        """
        limit = self._settings.idle_transaction_timeout
        return QueryTimeoutError(
            f"The server ended the transaction: it was idle for longer than {limit:g} s."
        ).with_prisma_code("P2028")

    # -- one attempt ------------------------------------------------------------------------

    def _send(
        self,
        connection: Connection,
        compiled: CompiledStatement,
        parameters: Mapping[str, Any],
        attempt: Attempt,
    ) -> list[Row]:
        started = time.perf_counter()
        earlier = None if compiled.reads_only else connection.notices[-1:]
        try:
            with connection.cursor() as cursor:
                if compiled.key is None or not self._max_prepared:
                    attempt.is_sent = True
                    cursor.execute(compiled.sql, parameters)
                else:
                    self._execute_prepared(connection, cursor, compiled, parameters, attempt)
                rows: list[Row] = cursor.fetchall()
        except BaseException as exc:
            attempt.is_aborted = connection.is_aborted
            if not isinstance(exc, (psycopg2.Error, ValueError, TypeError)):
                # It comes from outside, between any two steps.
                connection.is_interrupted = True
            self.look_for_primary(connection, exc)
            self._timer.ended(compiled.name, connection.address, started, error=exc)
            raise
        self._timer.ended(compiled.name, connection.address, started, len(rows))
        if earlier is not None:
            self.check_acknowledged(connection, started, earlier)
        return rows

    def _execute_prepared(
        self,
        connection: Connection,
        cursor: Any,
        compiled: CompiledStatement,
        parameters: Mapping[str, Any],
        attempt: Attempt,
    ) -> None:
        key = compiled.key or ""
        text = connection.prepared.prepare(cursor, key, compiled, self._max_prepared)
        attempt.is_sent = True
        try:
            cursor.execute(text, parameters)
        except psycopg2.Error as exc:
            if is_plan_stale(exc) and not self._session.transactions:
                connection.close()
            raise

    # -- failures ---------------------------------------------------------------------------

    def _retry_or_raise(
        self,
        compiled: CompiledStatement,
        policy: RetryPolicy,
        failure: psycopg2.Error,
        attempt: Attempt,
    ) -> None:
        if not policy.should_retry(failure, attempt):
            final = self._final_failure(compiled, policy, attempt)
            if final is None:
                raise failure
            raise final from failure
        log(logging.WARNING, "retrying %s after %s", compiled.name, type(failure).__name__)
        if not is_serialization_failure(failure):
            # The idle connections were probably lost for the same reason.
            self._session.pool.close_idle()

    def _final_failure(
        self, compiled: CompiledStatement, policy: RetryPolicy, attempt: Attempt
    ) -> TrioSignoDBError | None:
        """Build the error to raise instead of the last failure, or `None` to raise that."""
        if policy.unknown_outcome is not None:
            return self._answer_lost(compiled.name, policy.unknown_outcome)
        if attempt.is_aborted:
            return DatabaseUnavailableError(
                f"{compiled.name} got no answer within {self._settings.answer_limit:g} s: "
                "the network or the server does not respond."
            )
        return None

    def _answer_lost(self, what: str, cause: psycopg2.Error) -> TrioSignoDBError:
        return self._outcome_unknown(
            f"The answer to {what} was lost: it was applied once or not at all "
            f"({primary_message(cause)})."
        )

    def _outcome_unknown(self, why: str) -> TrioSignoDBError:
        self._on_unknown_outcome()
        return OutcomeUnknownError(why)
