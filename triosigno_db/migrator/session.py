"""A connection outside of the pool, and the migration lock that is shared with Prisma Migrate."""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, NamedTuple

import psycopg2
from psycopg2.extensions import (
    TRANSACTION_STATUS_IDLE,
    TRANSACTION_STATUS_INERROR,
    TRANSACTION_STATUS_INTRANS,
)

from triosigno_db.database.connector import open_connection
from triosigno_db.database.lifecycle import current_database
from triosigno_db.database.quoting import identifier
from triosigno_db.database.read_only import refuse_write
from triosigno_db.database.sqlstates import translate
from triosigno_db.errors import (
    InvalidInputError,
    MigrationError,
    MigrationLockedError,
    NotConnectedError,
    PermissionDeniedError,
)
from triosigno_db.schema.catalog import CATALOGS, Catalog, read_current_schema
from triosigno_db.schema.prisma_migrate import PRISMA_LOCK
from triosigno_db.settings import Settings

DISABLE_LOCK_VARIABLE = "PRISMA_SCHEMA_DISABLE_ADVISORY_LOCK"
"""Prisma's variable: the lock is not acquired if it is set, except to an empty string or 0."""

_LOCK_SESSIONS = """
SELECT l.pid, l.granted, a.application_name,
       extract(epoch FROM pg_catalog.now() - a.backend_start)
FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.classid = 0 AND l.objid = %(key)s
  AND l.database = (SELECT oid FROM pg_database WHERE datname = pg_catalog.current_database())
ORDER BY l.granted DESC, l.pid
"""

_SCHEMA_EXISTS = "SELECT 1 FROM pg_namespace WHERE nspname = %(name)s"
# Not by `has_schema_privilege(name, ...)`, which fails if there is no schema of this name.
_SCHEMA_IS_HIDDEN = """
SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = %(name)s
    AND NOT pg_catalog.has_schema_privilege(oid, 'USAGE'))
"""


class LockSession(NamedTuple):
    """A session that holds the migration lock or waits for it.

    Attributes:
        process: The id of the server process.
        is_holder: Whether it holds the lock.
        application_name: Its `application_name`; `None` or empty if it is not set.
        connected_for: The time since it connected, in seconds; `None` if the role may not see it.
    """

    process: int
    is_holder: bool
    application_name: str | None
    connected_for: float | None


def resolve_settings(url_or_settings: str | Settings | None) -> Settings:
    """Return the settings of the database that a function works on.

    Args:
        url_or_settings: A URL as for `connect()`, or settings. By default the connected database.

    Returns:
        The settings.

    Raises:
        InvalidInputError: The URL is invalid, or a part of it is out of bounds.
        NotConnectedError: No database was given, and `connect()` was not called.
    """
    if isinstance(url_or_settings, Settings):
        return url_or_settings
    if isinstance(url_or_settings, str):
        return Settings.load(url_or_settings)
    if url_or_settings is not None:
        raise InvalidInputError("url_or_settings", "must be a URL or Settings")
    try:
        return current_database().settings
    except NotConnectedError:
        raise NotConnectedError(
            "No database is set: pass a URL or Settings, or call triosigno_db.connect(url) first."
        ) from None


class Session:
    """Runs statements on one connection outside of the pool.

    Its search path is `CATALOGS`, so that objects which others put into the schema are not called
    by the library's statements; it is the schema inside `in_schema` only.

    Args:
        connection: A connection in autocommit, whose search path is `CATALOGS`.
        schema_name: The schema of the tables.
    """

    def __init__(self, connection: psycopg2.extensions.connection, schema_name: str) -> None:
        self._connection = connection
        self.schema_name = schema_name
        self._path = identifier(schema_name)

    @property
    def is_lost(self) -> bool:
        """Whether the connection is closed."""
        return bool(self._connection.closed)

    def run(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Run a statement of the library.

        Args:
            sql: The statement, with placeholders `%(name)s`.
            **parameters: A value for each parameter.

        Returns:
            The rows.

        Raises:
            TrioSignoDBError: The statement failed; the class depends on the error.
        """
        try:
            return self.run_raw(sql, parameters or None)
        except psycopg2.Error as exc:
            raise translate(exc, {}, parameters) from exc

    def run_raw(self, sql: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Run a statement of a migration; without parameters a percent sign is a literal.

        Args:
            sql: The statement.
            parameters: A value for each parameter; `None` without parameters.

        Returns:
            The rows.
        """
        with self._connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            return list(cursor.fetchall()) if cursor.description else []

    def table(self, name: str) -> str:
        """Return the quoted name of a table with its schema.

        Args:
            name: The name of the table.

        Returns:
            The SQL text.
        """
        return f"{identifier(self.schema_name)}.{identifier(name)}"

    def create_schema(self) -> None:
        """Create the schema if it is missing."""
        if not self.run(_SCHEMA_EXISTS, name=self.schema_name):
            self.run(f"CREATE SCHEMA {identifier(self.schema_name)}")

    @contextmanager
    def in_schema(self, path: str | None = None) -> Iterator[None]:
        """Run the block's statements with the schema as the search path.

        Args:
            path: Another search path, also for the blocks inside this one.
        """
        outer, self._path = self._path, path or self._path
        self._set_path(self._path)
        try:
            yield
        finally:
            self._path = outer
            status = self._connection.info.transaction_status
            # A failed transaction accepts no statement; its end restores the search path.
            if not self.is_lost and status != TRANSACTION_STATUS_INERROR:
                self._set_path(CATALOGS)

    def _set_path(self, path: str) -> None:
        local = "LOCAL " * self._is_in_transaction
        self.run(f"SET {local}search_path TO {path}")

    @property
    def _is_in_transaction(self) -> bool:
        status: int = self._connection.info.transaction_status
        return status == TRANSACTION_STATUS_INTRANS

    def end_open_transaction(self) -> bool:
        """Roll back a transaction that a script has left open.

        Returns:
            Whether there was one.
        """
        status = self._connection.info.transaction_status
        is_open = not self.is_lost and status != TRANSACTION_STATUS_IDLE
        if is_open:
            self.run("ROLLBACK")
        return is_open

    def read_catalog(self) -> Catalog:
        """Read the tables and enum types of the schema, or of the path of an enclosing block.

        Returns:
            The catalog; empty if the schema does not exist.

        Raises:
            PermissionDeniedError: The role may not use the schema, which would seem to be empty.
        """
        if self.run(_SCHEMA_IS_HIDDEN, name=self.schema_name) == [(True,)]:
            name = identifier(self.schema_name)
            raise PermissionDeniedError(f"permission denied for schema {name}: GRANT USAGE on it.")
        with self.in_schema():
            return read_current_schema(self.run)

    @contextmanager
    def atomic(self) -> Iterator[None]:
        """Run the block's statements in the transaction in progress, or in one of their own."""
        if self._is_in_transaction:
            yield
        else:
            with self.transaction():
                yield

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
    def rolled_back(self) -> Iterator[None]:
        """Run the block's statements in one transaction, and roll it back at the end."""
        self.run("BEGIN")
        try:
            yield
        finally:
            if not self.is_lost:
                self.run("ROLLBACK")


@contextmanager
def open_session(settings: Settings, database: str | None = None) -> Iterator[Session]:
    """Open a connection for migrations.

    Args:
        settings: The settings of the connection.
        database: The database, if it is not that of the settings.

    Yields:
        The session, without a statement timeout.

    Raises:
        DatabaseUnavailableError: The server cannot be reached.
        MigrationError: `pgbouncer` is set: a pooler could run the lock and the statements in
            different sessions.
        ReadOnlyError: This thread is inside a `reading_from_replica()` block.
    """
    refuse_write("A migration")
    if settings.pgbouncer:
        raise MigrationError(
            "Migrations need a direct connection: use a URL without pgbouncer=true."
        )
    with _connected(settings, database) as session:
        # An index may take hours to build, so the time limits for services do not apply.
        session.run(
            f"SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0; "
            f"SET search_path TO {CATALOGS}"
        )
        yield session


@contextmanager
def open_reading_session(settings: Settings) -> Iterator[Session]:
    """Open a read-only connection, in one transaction, so that it works through a pooler.

    Args:
        settings: The settings of the connection.

    Yields:
        The session, with the time limits of the settings.

    Raises:
        DatabaseUnavailableError: The server cannot be reached.
    """
    limits = "; ".join(f"SET LOCAL {name} = {value}" for name, value in settings.time_limits())
    with _connected(settings) as session, session.transaction():
        session.run(f"SET TRANSACTION READ ONLY; {limits}; SET LOCAL search_path TO {CATALOGS}")
        yield session


@contextmanager
def _connected(settings: Settings, database: str | None = None) -> Iterator[Session]:
    with closing(open_connection(settings, database=database)) as connection:
        yield Session(connection, settings.schema_name)


@contextmanager
def migration_lock(session: Session, timeout: float) -> Iterator[None]:
    """Hold the migration lock, which is Prisma Migrate's.

    Args:
        session: The session that holds it.
        timeout: The maximum time to wait, in seconds.

    Raises:
        MigrationLockedError: The lock was not available in time; the message names its holder.
    """
    if os.environ.get(DISABLE_LOCK_VARIABLE, "") not in ("", "0"):
        yield
        return
    session.run(f"SET lock_timeout = {round(timeout * 1000)}")
    try:
        session.run_raw("SELECT pg_catalog.pg_advisory_lock(%(key)s)", {"key": PRISMA_LOCK})
    except psycopg2.errors.LockNotAvailable as exc:
        raise _locked(session, timeout) from exc
    try:
        yield
    finally:
        if not session.is_lost:
            session.run("SELECT pg_catalog.pg_advisory_unlock(%(key)s)", key=PRISMA_LOCK)


def lock_sessions(session: Session) -> tuple[LockSession, ...]:
    """List the sessions that hold the migration lock or wait for it.

    Args:
        session: A session in the database.

    Returns:
        The sessions, the holder first.
    """
    return tuple(LockSession(*row) for row in session.run(_LOCK_SESSIONS, key=PRISMA_LOCK))


def _locked(session: Session, timeout: float) -> MigrationLockedError:
    holders = ", ".join(
        f"process {each.process}" + (f" ({each.application_name})" if each.application_name else "")
        for each in lock_sessions(session)
        if each.is_holder
    )
    return MigrationLockedError(
        f"Another deployment held the lock for longer than {timeout:g} s: "
        f"{holders or 'it has ended by now'}. Try again after it ends."
    )
