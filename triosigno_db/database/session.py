"""Which connection a thread holds: for the length of a block, of a transaction or of a call."""

import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import peewee

from triosigno_db.database.connection import Connection
from triosigno_db.database.pool import ConnectionPool
from triosigno_db.database.retries import backoff
from triosigno_db.errors import DatabaseUnavailableError
from triosigno_db.models.peewee_internals import ConnectionState
from triosigno_db.settings import Settings

logger = logging.getLogger("triosigno_db")


class Session(ConnectionState):
    """Peewee's state of each thread, filled from a pool; one object serves all threads.

    Args:
        pool: Where connections come from.
        settings: How long to wait for a server, and when a connection is checked.
        waits_for_server: Whether a connection that can't be opened is tried again, with backoff,
            for as long as connecting may take.

    Attributes:
        conn: The connection that this thread holds, `None` where it holds none.
        transactions: The transactions and savepoints that this thread has begun.
        ends_with_transaction: Whether the connection is checked in when the transaction ends.
    """

    closed: bool
    conn: Any
    transactions: list[Any]
    commit_callbacks: list[Any]

    def __init__(self, pool: ConnectionPool, settings: Settings, *, waits_for_server: bool) -> None:
        # Called again in each thread, at its first use of the session.
        super().__init__()
        self.pool = pool
        self.settings = settings
        self.waits_for_server = waits_for_server
        self.ends_with_transaction = False

    @property
    def is_lost(self) -> bool:
        """Whether the connection that this thread holds is beyond use, or there is none."""
        return self.conn is None or bool(self.conn.closed)

    def check_out(self) -> Connection:
        """Check a connection out of the pool; where none can be opened, with backoff.

        Returns:
            The connection; this thread does not hold it yet.

        Raises:
            DatabaseUnavailableError: The server can't be reached.
            PoolTimeoutError: No connection became free in time.
        """
        try:
            return self.pool.getconn()
        except DatabaseUnavailableError:
            if not self.waits_for_server:
                raise
        deadline = time.monotonic() + (self.settings.connect_timeout or math.inf)
        tries = 0
        while True:
            tries += 1
            # Nothing tells when a server is up again but trying.
            time.sleep(backoff(tries))
            try:
                return self.pool.getconn()
            except DatabaseUnavailableError:
                if time.monotonic() >= deadline:
                    raise

    @contextmanager
    def checked_out(self, *, waits_for_server: bool = True) -> Iterator[None]:
        """Hold one connection for this thread while the block lasts; blocks may nest.

        Args:
            waits_for_server: `False` to fail at once where none can be opened.
        """
        if not self.closed:
            yield
            return
        self.set_connection(self.check_out() if waits_for_server else self.pool.getconn())
        try:
            yield
        finally:
            connection = self.conn
            self.reset()
            # In a process that was forked inside the block this session is empty.
            if connection is not None:
                self.pool.putconn(connection)

    def check_out_for_transaction(self) -> None:
        """Hold a connection until the transaction that begins now has ended, unless one is held."""
        if self.closed:
            self.set_connection(self.check_out())
            self.ends_with_transaction = True
        else:
            self.renew()

    def check_in_after_transaction(self) -> None:
        """Check in the connection that was held for a transaction, once that has ended."""
        if self.transactions or not self.ends_with_transaction:
            return
        self.ends_with_transaction = False
        connection, callbacks = self.conn, self.commit_callbacks
        self.reset()
        # Peewee runs them once the commit is done.
        self.commit_callbacks = callbacks
        if connection is not None:
            self.pool.putconn(connection)

    def renew(self) -> None:
        """Replace the connection that this thread holds, if it was lost between two statements."""
        if self.closed or self.transactions:
            return
        if self.conn is not None:
            if self.conn.is_usable(self.settings.idle_check_after):
                return
            logger.info("a lost connection is replaced")
            self.pool.putconn(self.conn, discard=True)
            self.conn = None
        self.conn = self.check_out()

    @contextmanager
    def ignoring_loss(self) -> Iterator[None]:
        """Go on where a statement fails only because the connection is lost."""
        try:
            yield
        except (peewee.OperationalError, peewee.InterfaceError):
            if not self.is_lost:
                raise
