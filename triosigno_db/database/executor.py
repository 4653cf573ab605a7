"""Sends the library's statements: prepared, retried where that is safe, and checked afterwards."""

import logging
import time
from collections.abc import Callable, Mapping
from typing import Any

import psycopg2

from triosigno_db.database.connection import Connection, Row
from triosigno_db.database.events import StatementTimer
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

logger = logging.getLogger("triosigno_db")


class Executor:
    """Sends statements over the connection that the thread holds, or one checked out for the call.

    Args:
        session: The connection of each thread.
        settings: The limits to keep.
        timer: Times each statement.
        on_unknown_outcome: Called where nobody can tell whether a write was applied.
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
        self._is_pooler_between = settings.pgbouncer
        self._on_unknown_outcome = on_unknown_outcome

    def fetch(self, compiled: CompiledStatement, parameters: Mapping[str, Any]) -> list[Row]:
        """Run a statement and fetch its rows.

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
        """Run a statement and fetch its rows, without trying again.

        Args:
            compiled: The statement.
            parameters: Its values by name.
            attempt: Where to record how far the statement came.

        Returns:
            The rows.
        """
        session = self._session
        attempt.is_sent = False
        if not session.closed:
            session.renew()
            return self._send(session.conn, compiled, parameters, attempt)
        connection = session.check_out()
        try:
            return self._send(connection, compiled, parameters, attempt)
        finally:
            session.pool.putconn(connection)

    def run(self, sql: str, parameters: Mapping[str, Any] | None) -> list[Row]:
        """Run SQL text once, without preparing it, and fetch the rows of its last statement.

        Args:
            sql: One statement or several; `%(name)s` stands for a parameter where there are any.
            parameters: Values by name; with `None` a percent sign is only a percent sign.

        Returns:
            The rows, none for a statement that gives none.
        """
        session = self._session
        with session.checked_out(), session.conn.cursor() as cursor:
            with self.timed(sql) as timing:
                cursor.execute(self.restricted(sql), parameters)
                timing.rows = cursor.rowcount if cursor.description else 0
            return list(cursor.fetchall()) if cursor.description else []

    # -- what the statements of models share ------------------------------------------------

    def timed(self, name: str) -> Any:
        """Time a statement that is sent on this thread's connection inside the block.

        Args:
            name: Its name, or its text where it has none.

        Returns:
            The block, which yields where to set the number of rows.
        """
        return self._timer.timed(name, self._session.conn.address)

    def restricted(self, sql: str) -> str:
        """Have the server refuse what text writes, where this thread only reads.

        Args:
            sql: The text.

        Returns:
            The text to send.
        """
        is_free = not is_read_only() or self._session.transactions
        return sql if is_free else f"{SET_READ_ONLY}; {sql}"

    def look_for_primary(self, connection: Connection, failure: BaseException) -> None:
        """Look for the primary anew where a server that was one has refused a write.

        Args:
            connection: The connection to that server.
            failure: What the statement met.
        """
        if is_refused_write(failure) and self._settings.seeks_writes and not is_read_only():
            connection.is_demoted = True
            self._session.pool.close_idle()

    def check_acknowledged(
        self, connection: Connection, started: float, earlier: list[str]
    ) -> None:
        """Refuse to call a commit safe whose standby has not confirmed it.

        A server that waits for its synchronous standby, and meets the statement's time limit there,
        answers with a success and a warning: the commit is done, but only there. Nothing else
        succeeds beyond the limit.
        https://www.postgresql.org/docs/current/warm-standby.html#SYNCHRONOUS-REPLICATION

        Args:
            connection: The connection that the commit was sent on.
            started: When it was sent, by `time.perf_counter`.
            earlier: The connection's last notice before it was sent.

        Raises:
            OutcomeUnknownError: The standby has not confirmed it.
        """
        limit = self._settings.statement_timeout
        is_late = 0 < limit <= time.perf_counter() - started
        if is_late and connection.notices[-1:] != earlier:
            raise self._outcome_unknown(
                f"The server has committed, but its standby has not confirmed it within {limit:g} "
                "s: it is kept unless the server is lost before it is replicated."
            )

    def commit_unknown(self, cause: psycopg2.Error) -> TrioSignoDBError:
        """Say that the answer to a COMMIT was lost.

        Args:
            cause: The driver's error.

        Returns:
            The exception to raise.
        """
        return self._answer_lost("the COMMIT", cause)

    def was_idle_for_too_long(self) -> bool:
        """Tell whether the server has ended the transaction for its pause between two statements.

        The server says so, but libpq reads only that the connection is closed.
        """
        session, limit = self._session, self._settings.idle_transaction_timeout
        return (
            bool(session.transactions)
            and session.conn is not None
            and session.is_lost
            and 0 < limit <= time.monotonic() - session.conn.last_used
        )

    def idle_transaction_ended(self) -> TrioSignoDBError:
        """Say that the server has ended an idle transaction.

        Returns:
            The exception to raise.
        """
        limit = self._settings.idle_transaction_timeout
        return QueryTimeoutError(
            f"The transaction was idle for longer than {limit:g} s: the server has ended it."
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
                if compiled.prepared_name is None or self._is_pooler_between:
                    attempt.is_sent = True
                    cursor.execute(compiled.sql, parameters)
                else:
                    self._execute_prepared(connection, cursor, compiled, parameters, attempt)
                rows: list[Row] = cursor.fetchall()
        except BaseException as exc:
            attempt.is_aborted = connection.is_aborted
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
        name = compiled.prepared_name or ""
        if name not in connection.prepared:
            cursor.execute(compiled.prepare)
            connection.prepared.add(name)
        attempt.is_sent = True
        try:
            cursor.execute(compiled.execute, parameters)
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
        logger.warning("%s is retried: %s", compiled.name, type(failure).__name__)
        if not is_serialization_failure(failure):
            # What cost this connection cost the idle ones as well.
            self._session.pool.close_idle()

    def _final_failure(
        self, compiled: CompiledStatement, policy: RetryPolicy, attempt: Attempt
    ) -> TrioSignoDBError | None:
        """Build what is raised in place of the last failure, if that does not say all."""
        if policy.unknown_outcome is not None:
            return self._answer_lost(compiled.name, policy.unknown_outcome)
        if attempt.is_aborted:
            return DatabaseUnavailableError(
                f"No answer to {compiled.name} came within {self._settings.answer_limit:g} s: "
                "the network or the server does not respond."
            )
        return None

    def _answer_lost(self, what: str, cause: psycopg2.Error) -> TrioSignoDBError:
        return self._outcome_unknown(
            f"The answer to {what} was lost: it was applied once, or not at all "
            f"({primary_message(cause)})."
        )

    def _outcome_unknown(self, why: str) -> TrioSignoDBError:
        self._on_unknown_outcome()
        return OutcomeUnknownError(why)
