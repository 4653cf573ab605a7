"""What the doctor's checks share: a connection of its own, the settings and the limits."""

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

from triosigno_db.database.connector import open_connection
from triosigno_db.database.quoting import identifier
from triosigno_db.doctor.findings import ConstraintReport
from triosigno_db.migrator.ledger import Ledger, LedgerRow
from triosigno_db.migrator.session import Session
from triosigno_db.settings import Settings

LOCK_MILLISECONDS = 2000
"""How long a check waits for a lock before it gives up, so that it delays no other session."""

APPLICATION_NAME = "triosigno-db doctor"


class Limits(NamedTuple):
    """From when on the doctor reports what is no fault by itself.

    Attributes:
        long_after: How long a statement may run, and a transaction be idle.
        unused_after: For how long no query may have used an index, and the statistics must reach
            back, before it is reported as unused.
    """

    long_after: timedelta = timedelta(minutes=1)
    unused_after: timedelta = timedelta(days=30)


@dataclass(frozen=True)
class CheckContext:
    """One run of the checks on one database.

    Attributes:
        connection: The driver's connection, for what it knows of itself.
        session: Runs statements on it.
        settings: How the database was reached.
        opened_in: How long it took to connect, in seconds.
        history: The folder of the migrations.
        limits: From when on statements, transactions and indexes are reported.
        validate: Whether constraints that no row breaks are validated.
        constraints: What the check of rows has counted for each CHECK constraint.
    """

    connection: psycopg2.extensions.connection = field(repr=False)
    session: Session = field(repr=False)
    settings: Settings
    opened_in: float
    history: Path
    limits: Limits
    validate: bool
    constraints: list[ConstraintReport] = field(default_factory=list)

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """Read in one transaction that PostgreSQL itself keeps from writing.

        Yields:
            The session, in the schema of the settings.
        """
        with self.working() as session:
            session.run("SET TRANSACTION READ ONLY")
            yield session

    @contextmanager
    def working(self) -> Iterator[Session]:
        """Run statements in one transaction, with time limits that a pooler lets through.

        Yields:
            The session, in the schema of the settings.
        """
        limits = {**dict(self.settings.time_limits()), "lock_timeout": LOCK_MILLISECONDS}
        with self.session.transaction():
            for name, value in limits.items():
                self.session.run(f"SET LOCAL {name} = {value}")
            self.session.run(f"SET LOCAL search_path TO {identifier(self.settings.schema_name)}")
            yield self.session

    def read_ledger(self) -> tuple[LedgerRow, ...] | None:
        """Read Prisma's ledger.

        Returns:
            Its rows, the oldest first; `None` where there is no such table.

        Raises:
            PermissionDeniedError: The role may not read it.
        """
        with self.reading() as session:
            ledger = Ledger(session)
            return None if ledger.may_read() is None else ledger.rows()

    def may_read_ledger(self) -> bool:
        """Return whether there is a ledger that the role may read."""
        with self.reading() as session:
            return Ledger(session).may_read() is True

    def is_replica(self) -> bool:
        """Return whether the server follows another one."""
        with self.reading() as session:
            return bool(session.run("SELECT pg_is_in_recovery()")[0][0])

    def peer(self) -> str:
        """Give the address at the other end, empty for a Unix socket."""
        with socket.socket(fileno=os.dup(self.connection.fileno())) as end:
            name: Any = end.getpeername()
        return str(name[0]) if isinstance(name, tuple) else ""


@contextmanager
def open_context(
    settings: Settings, history: Path, limits: Limits, *, validate: bool
) -> Iterator[CheckContext]:
    """Connect outside of any pool.

    Args:
        settings: How to reach the server.
        history: The folder of the migrations.
        limits: From when on statements, transactions and indexes are reported.
        validate: Whether constraints that no row breaks are validated.

    Yields:
        The context.

    Raises:
        DatabaseUnavailableError: The server can't be reached, or refuses the login.
    """
    started = time.perf_counter()
    named = settings.model_copy(update={"application_name": APPLICATION_NAME})
    with closing(open_connection(named)) as connection:
        opened_in = time.perf_counter() - started
        session = Session(connection, settings.schema_name)
        yield CheckContext(connection, session, settings, opened_in, history, limits, validate)
