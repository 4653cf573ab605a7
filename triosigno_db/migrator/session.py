"""A connection of its own for migrations, and the lock that Prisma Migrate takes as well."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

import psycopg2

from triosigno_db.database.quoting import identifier
from triosigno_db.database.read_only import refuse_write
from triosigno_db.database.sqlstates import primary_message, translate
from triosigno_db.errors import DatabaseUnavailableError, MigrationError, MigrationLockedError
from triosigno_db.schema.create import PRISMA_LOCK
from triosigno_db.settings import Settings

DISABLE_LOCK_VARIABLE = "PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK"
"""Prisma's own switch: set to anything but the empty text or 0, nobody takes the lock."""

_HOLDERS = """
SELECT a.pid, a.application_name
FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = %(key)s
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

_SCHEMA_EXISTS = "SELECT 1 FROM pg_namespace WHERE nspname = %(name)s"


class MigrationSession:
    """Runs the statements of migrations on one connection outside of the pool.

    Args:
        connection: A connection in autocommit.
        schema_name: The schema that it works in.
    """

    def __init__(self, connection: psycopg2.extensions.connection, schema_name: str) -> None:
        self._connection = connection
        self._schema_name = schema_name

    @property
    def is_lost(self) -> bool:
        """Whether the connection is beyond use."""
        return bool(self._connection.closed)

    def run(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Run a statement of the library's own.

        Args:
            sql: The statement; `%(name)s` stands for a parameter.
            **parameters: A value for each parameter.

        Returns:
            The rows.

        Raises:
            TrioSignoDBError: Whatever went wrong, as the matching class.
        """
        try:
            return self.run_raw(sql, parameters or None)
        except psycopg2.Error as exc:
            raise translate(exc, {}, parameters) from exc

    def run_raw(self, sql: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Run a statement of a migration, where a percent sign stands for itself.

        Args:
            sql: The statement.
            parameters: A value for each parameter, `None` where there is none.

        Returns:
            The rows.
        """
        with self._connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall()) if cursor.description else []

    def make_schema(self) -> None:
        """Make the schema where it is missing."""
        if not self.run(_SCHEMA_EXISTS, name=self._schema_name):
            self.run(f"CREATE SCHEMA {identifier(self._schema_name)}")

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run the block's statements in one transaction."""
        self.run("BEGIN")
        try:
            yield
        except BaseException:
            if not self.is_lost:
                self.run("ROLLBACK")
            raise
        self.run("COMMIT")


@contextmanager
def open_session(settings: Settings, database: str | None = None) -> Iterator[MigrationSession]:
    """Open a connection for migrations.

    Args:
        settings: How to reach the server.
        database: Another database than the settings' own.

    Yields:
        The session; its search path is the settings' schema, and no statement is timed out.

    Raises:
        DatabaseUnavailableError: The server can't be reached.
        MigrationError: A pooler stands between, which would tear lock and statements apart.
        ReadOnlyError: This thread is inside a `reading_from_replica()` block.
    """
    refuse_write("A migration")
    if settings.pgbouncer:
        raise MigrationError(
            "Migrations need a direct connection: give a URL without pgbouncer=true."
        )
    with _connected(settings, database) as session:
        # Building an index may take hours; a transaction waits for nobody but the server.
        session.run("SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0")
        yield session


@contextmanager
def open_reading_session(settings: Settings) -> Iterator[MigrationSession]:
    """Open a connection that only reads, in one transaction, so that a pooler may stand between.

    Args:
        settings: How to reach the server.

    Yields:
        The session; its search path is the settings' schema, and their time limits hold.

    Raises:
        DatabaseUnavailableError: The server can't be reached.
    """
    local = "; ".join(f"SET LOCAL {name} = {value}" for name, value in settings.session_settings())
    with _connected(settings) as session, session.transaction():
        session.run(f"SET TRANSACTION READ ONLY; {local}")
        yield session


@contextmanager
def _connected(settings: Settings, database: str | None = None) -> Iterator[MigrationSession]:
    try:
        connection = psycopg2.connect(
            dbname=database or settings.database, **settings.connection_parameters()
        )
    except psycopg2.OperationalError as exc:
        raise DatabaseUnavailableError(primary_message(exc)) from exc
    with closing(connection):
        connection.autocommit = True
        yield MigrationSession(connection, settings.schema_name)


@contextmanager
def migration_lock(session: MigrationSession, timeout: float) -> Iterator[None]:
    """Hold the lock of Prisma Migrate.

    Args:
        session: Whose connection holds it.
        timeout: How long to wait, in seconds.

    Raises:
        MigrationLockedError: It was not free in time; the message names who holds it.
    """
    if os.environ.get(DISABLE_LOCK_VARIABLE, "") not in ("", "0"):
        yield
        return
    session.run(f"SET lock_timeout = {round(timeout * 1000)}")
    try:
        session.run_raw("SELECT pg_advisory_lock(%(key)s)", {"key": PRISMA_LOCK})
    except psycopg2.errors.LockNotAvailable as exc:
        raise _locked(session, timeout) from exc
    try:
        yield
    finally:
        if not session.is_lost:
            session.run("SELECT pg_advisory_unlock(%(key)s)", key=PRISMA_LOCK)


def _locked(session: MigrationSession, timeout: float) -> MigrationLockedError:
    holders = ", ".join(
        f"process {pid}" + (f" ({name})" if name else "")
        for pid, name in session.run(_HOLDERS, key=PRISMA_LOCK)
    )
    return MigrationLockedError(
        f"Another deployment holds the lock for longer than {timeout:g} s: "
        f"{holders or 'it has ended by now'}."
    )
