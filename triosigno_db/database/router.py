"""A database with a streaming replica, which serves what is only read."""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

import peewee
import psycopg2

from triosigno_db.database.connection import Connection, Row
from triosigno_db.database.peewee_database import PooledDatabase
from triosigno_db.database.read_only import is_read_only
from triosigno_db.database.replica_health import ReplicaHealth
from triosigno_db.database.retries import RetryPolicy
from triosigno_db.database.sqlstates import (
    is_connection_lost,
    is_plan_stale,
    is_serialization_failure,
)
from triosigno_db.database.statements import CompiledStatement
from triosigno_db.errors import DatabaseUnavailableError
from triosigno_db.settings import Settings


class Replica(PooledDatabase):
    """A replica's own pool; what it fails to read outside of a transaction, the primary reads.

    Args:
        settings: How to reach it.
        primary: What it is a replica of.
    """

    def __init__(self, settings: Settings, primary: PooledDatabase) -> None:
        super().__init__(settings)
        self._primary = primary
        self.health = ReplicaHealth(settings)

    def forget_inherited(self) -> None:
        """Start anew in a forked child."""
        super().forget_inherited()
        self.health.forget()

    def retire(self) -> None:
        """Close what is idle now, and what is in use as soon as it comes back."""
        super().retire()
        self.health.close()

    def _connect(self) -> Connection:
        """Take or open a connection to the server whose lag is known, of several hosts."""
        while True:
            connection = super()._connect()
            if self.health.server in (None, connection.address):
                return connection
            self._close(connection, close_conn=True)

    def _open(self, address: tuple[str, int] | None = None) -> Connection:
        return super()._open(address or self.health.server)

    def _connect_patiently(self) -> Connection:
        # A replica is not waited for: the primary serves.
        return self._connect()

    @contextmanager
    def lent(self) -> Iterator[PooledDatabase]:
        """Hold a connection for this thread, of the primary where the replica gives none.

        Yields:
            Whose connection it is.
        """
        with ExitStack() as block:
            serving: PooledDatabase = self
            try:
                block.enter_context(self.held())
                self._renew_held()
            except DatabaseUnavailableError as exc:
                self.health.fail(str(exc))
                serving = self._primary
                block.enter_context(serving.held())
            yield serving

    def fetch(self, compiled: CompiledStatement, parameters: Mapping[str, Any]) -> list[Row]:
        """Run a statement that reads and fetch its rows, here or else from the primary.

        Args:
            compiled: The statement.
            parameters: Its values by name.

        Returns:
            The rows.
        """
        if self.in_transaction():
            return super().fetch(compiled, parameters)
        try:
            self._renew_held()
            with self.held():
                return self._fetch_held(compiled, parameters, RetryPolicy(compiled, self.settings))
        except (psycopg2.Error, DatabaseUnavailableError) as exc:
            if not self._is_passed_by(exc):
                raise
        return self._primary.fetch(compiled, parameters)

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        """Run a model's statement, here or else on the primary."""
        try:
            return super().execute_sql(sql, params)
        except (peewee.PeeweeException, DatabaseUnavailableError) as exc:
            if self.in_transaction() or not self._is_passed_by(getattr(exc, "orig", exc)):
                raise
        return self._primary.execute_sql(sql, params)

    def run(self, sql: str, parameters: Mapping[str, Any] | None) -> list[Row]:
        """Run SQL text once, here or else on the primary."""
        try:
            return super().run(sql, parameters)
        except (psycopg2.Error, DatabaseUnavailableError) as exc:
            if self.in_transaction() or not self._is_passed_by(exc):
                raise
        return self._primary.run(sql, parameters)

    def _is_passed_by(self, failure: Exception) -> bool:
        """Judge a failure: one that the primary would not meet is no answer to the caller."""
        if isinstance(failure, DatabaseUnavailableError):
            self.health.fail(str(failure))
            return True
        if not isinstance(failure, psycopg2.Error):
            return False
        if is_connection_lost(failure):
            self.close_idle()
            self.health.invalidate()
            return True
        # What is replayed ends a query that still needs the rows that go.
        return is_serialization_failure(failure) or is_plan_stale(failure)


class ReplicatedDatabase(PooledDatabase):
    """A primary, and the replica that serves threads which only read, while it is fit.

    Args:
        settings: How to reach the primary.
        replica: How to reach the replica.
    """

    def __init__(self, settings: Settings, replica: Settings) -> None:
        super().__init__(settings)
        self._replica = Replica(replica, self)

    def serving(self) -> PooledDatabase:
        """Give what serves this thread at present."""
        if not is_read_only() or self.in_transaction():
            return self
        replica = self._replica
        return replica if replica.in_transaction() or replica.health.may_serve() else self

    def forget_inherited(self) -> None:
        """Start anew in a forked child."""
        super().forget_inherited()
        self._replica.forget_inherited()

    def retire(self) -> None:
        """Close what is idle now, and what is in use as soon as it comes back."""
        super().retire()
        self._replica.retire()

    def interrupt(self, thread_id: int) -> None:
        """Have the server end the statement that a thread waits for, if it does.

        Args:
            thread_id: The thread, as `threading.get_ident` names it there.
        """
        super().interrupt(thread_id)
        self._replica.interrupt(thread_id)
