"""Routes each statement to the primary or, if a thread only reads, to the replica."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import peewee
import psycopg2

from triosigno_db.database.connection import Row
from triosigno_db.database.peewee_database import Database
from triosigno_db.database.read_only import is_read_only
from triosigno_db.database.replica_health import ReplicaHealth
from triosigno_db.database.retries import Attempt
from triosigno_db.database.sqlstates import (
    is_connection_lost,
    is_plan_stale,
    is_serialization_failure,
)
from triosigno_db.database.statements import CompiledStatement
from triosigno_db.errors import DatabaseUnavailableError
from triosigno_db.settings import Settings

ResultT = TypeVar("ResultT")


class Router:
    """The connected database and its replica, if any.

    If a read on the replica fails outside a transaction, it runs on the primary. The router is the
    database of the models: attributes that it does not define are those of the routed database.

    Args:
        settings: How to connect to the primary and the replica.

    Attributes:
        primary: The primary.
    """

    def __init__(self, settings: Settings) -> None:
        self.primary = Database(settings)
        self._replica: Database | None = None
        replica = settings.of_replica()
        if replica is not None:
            health = ReplicaHealth(replica)
            self._health = health
            self._replica = Database(replica, address=lambda: health.server)

    def route(self) -> Database:
        """Choose the database that serves this thread now.

        Returns:
            The replica if this thread only reads and the replica is healthy, else the primary.
        """
        replica = self._replica
        if replica is None or not is_read_only() or self.primary.in_transaction():
            return self.primary
        return replica if replica.in_transaction() or self._health.may_serve() else self.primary

    def available(self) -> Database:
        """Choose the database that can give this thread a connection to hold.

        Returns:
            The replica if this thread only reads and the replica responds, else the primary.
        """
        database = self.route()
        if database is not self.primary:
            try:
                with database.session.checked_out():
                    pass
            except DatabaseUnavailableError as exc:
                self._health.fail(str(exc))
                return self.primary
        return database

    def fetch(self, compiled: CompiledStatement, parameters: Mapping[str, Any]) -> list[Row]:
        """Run a statement of the library and fetch its rows.

        Args:
            compiled: The statement.
            parameters: The values of its parameters, by name.

        Returns:
            The rows.
        """
        return self._call(
            lambda database: database.executor.fetch(compiled, parameters),
            # What fails on the replica is not retried there.
            lambda replica: replica.executor.fetch_once(compiled, parameters, Attempt()),
        )

    def run(self, sql: str, parameters: Mapping[str, Any] | None) -> list[Row]:
        """Run SQL text once and fetch the rows of its last statement.

        Args:
            sql: One or more statements, with `%(name)s` for each parameter.
            parameters: The values by name; with `None` a percent sign is literal.

        Returns:
            The rows; empty if the statement returns no rows.
        """
        return self._call(lambda database: database.executor.run(sql, parameters))

    def execute(self, query: Any, **context_options: Any) -> Any:
        """Run a query of a model.

        Args:
            query: The query.
            **context_options: The context options of Peewee.

        Returns:
            The cursor.
        """
        return self._call(lambda database: database.execute(query, **context_options))

    def execute_sql(self, sql: str, params: Any = None) -> Any:
        """Run a statement of a model.

        Args:
            sql: The statement.
            params: The values of its placeholders.

        Returns:
            The cursor.
        """
        return self._call(lambda database: database.execute_sql(sql, params))

    def interrupt(self, thread_id: int) -> None:
        """Cancel the statement that a thread waits for, if any.

        Args:
            thread_id: The id of the thread, as returned by `threading.get_ident`.
        """
        for database in self.databases():
            database.interrupt(thread_id)

    def retire(self) -> None:
        """Close idle connections now, and connections in use when they are checked in."""
        for database in self.databases():
            database.retire()
        if self._replica is not None:
            self._health.close()

    def reset_after_fork(self) -> None:
        """Reset all connections and state in a forked child."""
        for database in self.databases():
            database.reset_after_fork()
        if self._replica is not None:
            self._health.forget()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.route(), name)

    def databases(self) -> tuple[Database, ...]:
        """Return the primary and, if there is one, the replica."""
        return (self.primary,) if self._replica is None else (self.primary, self._replica)

    def _call(
        self,
        function: Callable[[Database], ResultT],
        on_replica: Callable[[Database], ResultT] | None = None,
    ) -> ResultT:
        """Call a function with the routed database, and with the primary where the replica fails.

        Inside a transaction of the replica its failure is the answer.
        """
        database = self.route()
        if database is self.primary or database.in_transaction():
            return function(database)
        try:
            return (on_replica or function)(database)
        except (psycopg2.Error, peewee.PeeweeException, DatabaseUnavailableError) as exc:
            if not self._is_skipped(getattr(exc, "orig", None) or exc):
                raise
        return function(self.primary)

    def _is_skipped(self, failure: BaseException) -> bool:
        """Return whether a read on the replica failed in a way that the primary may not."""
        assert self._replica is not None  # noqa: S101 (called for a failure of the replica only)
        if isinstance(failure, DatabaseUnavailableError):
            self._health.fail(str(failure))
            return True
        if not isinstance(failure, psycopg2.Error):
            return False
        if is_connection_lost(failure):
            self._replica.pool.close_idle()
            self._health.invalidate()
            return True
        # The replay of WAL cancels queries that need rows which it removes.
        return is_serialization_failure(failure) or is_plan_stale(failure)
