"""The context of the checks: a connection outside of the pool, the settings and the limits."""

import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import psycopg2

from triosigno_db.database.connector import open_connection
from triosigno_db.database.sockets import peer_address
from triosigno_db.doctor.findings import ConstraintReport
from triosigno_db.migrator.history import Migration
from triosigno_db.migrator.ledger import Ledger, MigrationStatus
from triosigno_db.migrator.project import Project
from triosigno_db.migrator.session import Session
from triosigno_db.schema.catalog import CATALOGS
from triosigno_db.settings import Settings

LOCK_MILLISECONDS = 2000
"""The maximum time that a check waits for a lock, so that it does not delay other sessions."""

APPLICATION_NAME = "triosigno-db doctor"


class Limits(NamedTuple):
    """The thresholds for statements, transactions and indexes that are not errors by themselves.

    Attributes:
        long_after: The maximum duration of a statement and of an idle transaction.
        unused_after: The time without use after which an index is reported, if the statistics are
            at least that old.
    """

    long_after: timedelta = timedelta(minutes=1)
    unused_after: timedelta = timedelta(days=30)


@dataclass(frozen=True)
class CheckContext:
    """One run of the checks on one database.

    Attributes:
        connection: The driver's connection.
        session: The session that runs statements on it.
        settings: The settings of the connection.
        opened_in: The time to connect, in seconds.
        history: The folder of the library's migrations.
        project: The service whose tables are checked as well, or `None`.
        limits: The thresholds for statements, transactions and indexes.
        validate: Whether constraints that no row violates are validated.
        constraints: The reports on the CHECK constraints, added by the check of rows.
    """

    connection: psycopg2.extensions.connection = field(repr=False)
    session: Session = field(repr=False)
    settings: Settings
    opened_in: float
    history: Path
    project: Project | None
    limits: Limits
    validate: bool
    constraints: list[ConstraintReport] = field(default_factory=list)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Run statements in one read-only transaction.

        Yields:
            The session, in which only the catalogs are found without the name of a schema.
        """
        with self.working() as session:
            session.run("SET TRANSACTION READ ONLY")
            yield session

    @contextmanager
    def working(self) -> Iterator[Session]:
        """Run statements in one transaction, with time limits that work through a pooler.

        Yields:
            The session, in which only the catalogs are found without the name of a schema.
        """
        limits = {**dict(self.settings.time_limits()), "lock_timeout": LOCK_MILLISECONDS}
        with self.session.transaction():
            for name, value in limits.items():
                self.session.run(f"SET LOCAL {name} = {value}")
            self.session.run(f"SET LOCAL search_path TO {CATALOGS}")
            yield self.session

    def read_states(self, migrations: tuple[Migration, ...]) -> tuple[MigrationStatus, ...] | None:
        """Compare a history with Prisma's ledger.

        Args:
            migrations: The history.

        Returns:
            Each migration's state; `None` if the table does not exist.

        Raises:
            PermissionDeniedError: The role may not read it.
        """
        with self.reading() as session:
            ledger = Ledger(session)
            return None if ledger.may_read() is None else ledger.states(migrations)

    def may_read_ledger(self) -> bool:
        """Return whether the ledger exists and the role may read it."""
        with self.reading() as session:
            return Ledger(session).may_read() is True

    def is_replica(self) -> bool:
        """Return whether the server is a replica."""
        with self.reading() as session:
            return bool(session.run("SELECT pg_is_in_recovery()")[0][0])

    def peer(self) -> str:
        """Return the address of the peer, empty for a Unix socket."""
        return peer_address(self.connection.fileno())


@contextmanager
def open_context(
    settings: Settings,
    history: Path,
    limits: Limits,
    *,
    project: Project | None,
    validate: bool,
) -> Iterator[CheckContext]:
    """Connect outside of the pool.

    Args:
        settings: The settings of the connection.
        history: The folder of the library's migrations.
        limits: The thresholds for statements, transactions and indexes.
        project: The service whose tables are checked as well, or `None`.
        validate: Whether constraints that no row violates are validated.

    Yields:
        The context.

    Raises:
        DatabaseUnavailableError: The server cannot be reached, or rejects the login.
    """
    started = time.perf_counter()
    named = settings.model_copy(update={"application_name": APPLICATION_NAME})
    with closing(open_connection(named, any_encoding=True)) as connection:
        opened_in = time.perf_counter() - started
        session = Session(connection, settings.schema_name)
        yield CheckContext(
            connection, session, settings, opened_in, history, project, limits, validate
        )
