"""Examination: the doctor's own connection, and what all sections share."""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import psycopg2

from triosigno_db.database.sqlstates import primary_message
from triosigno_db.doctor.findings import CheckReport
from triosigno_db.errors import DatabaseUnavailableError
from triosigno_db.migrator.history import LedgerRow
from triosigno_db.migrator.ledger import Ledger
from triosigno_db.migrator.session import MigrationSession
from triosigno_db.schema.ddl import quote
from triosigno_db.settings import Settings

LOCK_MILLISECONDS = 2000
"""How long a section waits for a lock before it says so: the doctor stands in nobody's way."""

APPLICATION_NAME = "triosigno-db doctor"

_MAY_READ_LEDGER = """
SELECT has_table_privilege(c.oid, 'SELECT') FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = current_schema()
WHERE c.relname = '_prisma_migrations'
"""


class Limits(NamedTuple):
    """When the doctor speaks up about what is no fault by itself.

    Attributes:
        long_after: How long a statement may run, and a transaction be idle.
        unused_after: For how long no query may have used an index, and the statistics must reach
            back, before it is called unused.
    """

    long_after: timedelta = timedelta(minutes=1)
    unused_after: timedelta = timedelta(days=30)


@dataclass(frozen=True)
class Examination:
    """One look at one database.

    Attributes:
        connection: The driver's connection, for what it knows of itself.
        session: Runs statements on it.
        settings: How the database was reached.
        opened_in: How long it took to connect, in seconds.
        history: The folder of the migrations.
        limits: When to speak up.
        validate: Whether constraints that no row breaks are validated.
        checks: What the section on rows has counted.
    """

    connection: psycopg2.extensions.connection = field(repr=False)
    session: MigrationSession = field(repr=False)
    settings: Settings
    opened_in: float
    history: Path
    limits: Limits
    validate: bool
    checks: list[CheckReport] = field(default_factory=list)

    @contextmanager
    def reading(self) -> Iterator[MigrationSession]:
        """Read in one transaction that PostgreSQL itself keeps from writing.

        Yields:
            The session, in the schema of the settings.
        """
        with self.working() as session:
            session.run("SET TRANSACTION READ ONLY")
            yield session

    @contextmanager
    def working(self) -> Iterator[MigrationSession]:
        """Work in one transaction, with limits that a pooler lets through.

        Yields:
            The session, in the schema of the settings.
        """
        limits = {**dict(self.settings.time_limits()), "lock_timeout": LOCK_MILLISECONDS}
        with self.session.transaction():
            for name, value in limits.items():
                self.session.run(f"SET LOCAL {name} = {value}")
            self.session.run(f"SET LOCAL search_path TO {quote(self.settings.schema_name)}")
            yield self.session

    def read_ledger(self) -> tuple[LedgerRow, ...] | None:
        """Read Prisma's ledger.

        Returns:
            Its rows, the oldest first; `None` where there is no such table.

        Raises:
            PermissionDeniedError: The role may not read it.
        """
        with self.reading() as session:
            return Ledger(session).rows() if session.run(_MAY_READ_LEDGER) else None

    def may_read_ledger(self) -> bool:
        """Tell whether Prisma's ledger is there and the role may read it."""
        with self.reading() as session:
            return session.run(_MAY_READ_LEDGER) == [(True,)]

    def is_replica(self) -> bool:
        """Tell whether the server follows another one."""
        with self.reading() as session:
            return bool(session.run("SELECT pg_is_in_recovery()")[0][0])

    def peer(self) -> str:
        """Give the address at the other end, empty for a Unix socket."""
        with socket.socket(fileno=os.dup(self.connection.fileno())) as end:
            name: Any = end.getpeername()
        return str(name[0]) if isinstance(name, tuple) else ""


@contextmanager
def open_examination(
    settings: Settings, history: Path, limits: Limits, *, validate: bool
) -> Iterator[Examination]:
    """Connect outside of any pool.

    Args:
        settings: How to reach the server.
        history: The folder of the migrations.
        limits: When to speak up.
        validate: Whether constraints that no row breaks are validated.

    Yields:
        The examination, until the block ends.

    Raises:
        DatabaseUnavailableError: The server can't be reached, or refuses the login.
    """
    parameters = settings.connection_parameters() | {"application_name": APPLICATION_NAME}
    started = time.perf_counter()
    try:
        connection = psycopg2.connect(dbname=settings.database, **parameters)
    except psycopg2.OperationalError as exc:
        raise DatabaseUnavailableError(primary_message(exc)) from exc
    opened_in = time.perf_counter() - started
    with closing(connection):
        connection.autocommit = True
        session = MigrationSession(connection, settings.schema_name)
        yield Examination(connection, session, settings, opened_in, history, limits, validate)
