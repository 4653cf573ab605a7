"""The connection that a thread holds: during a block, a transaction or a call."""

import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import peewee

from triosigno_db.database.connection import Connection
from triosigno_db.database.logs import log
from triosigno_db.database.pool import ConnectionPool
from triosigno_db.database.retries import backoff
from triosigno_db.errors import DatabaseUnavailableError
from triosigno_db.models.peewee_internals import ConnectionState
from triosigno_db.settings import Settings


class Session(ConnectionState):
    """The per-thread connection state of Peewee, with connections from a pool.

    Args:
        pool: The pool.
        settings: The time limits for connecting and for the check of a connection.
        waits_for_server: Whether to retry opening a connection, with backoff, until the connect
            timeout.

    Attributes:
        conn: The connection that this thread holds, or `None`.
        transactions: The transactions and savepoints that this thread has begun.
        ends_with_transaction: Whether the connection is checked in when the transaction ends.
    """

    closed: bool
    conn: Any
    transactions: list[Any]
    commit_callbacks: list[Any]

    def __init__(self, pool: ConnectionPool, settings: Settings, *, waits_for_server: bool) -> None:
        # Called again in each thread, when it first uses the session.
        super().__init__()
        self.pool = pool
        self.settings = settings
        self.waits_for_server = waits_for_server
        self.ends_with_transaction = False

    @property
    def is_lost(self) -> bool:
        """Whether the connection that this thread holds is closed, or there is none."""
        return self.conn is None or bool(self.conn.closed)

    def check_out(self) -> Connection:
        """Check a connection out of the pool; retry with backoff if none can be opened.

        Returns:
            The connection, which is not yet recorded as held by this thread.

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
            # Only retries can tell when the server is up again.
            time.sleep(backoff(tries))
            try:
                return self.pool.getconn()
            except DatabaseUnavailableError:
                if time.monotonic() >= deadline:
                    raise

    @contextmanager
    def checked_out(self, *, waits_for_server: bool = True) -> Iterator[None]:
        """Hold one connection for this thread during the block; blocks may nest.

        Args:
            waits_for_server: `False` to fail immediately if no connection can be opened.
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
            # If the process was forked inside the block, the child has no connection here.
            if connection is not None:
                self.pool.putconn(connection)

    def check_out_for_transaction(self) -> None:
        """Hold a connection until the transaction that begins now ends, unless one is held."""
        if self.closed:
            self.set_connection(self.check_out())
            self.ends_with_transaction = True
        else:
            self.renew()

    def check_in_after_transaction(self) -> None:
        """Check in the connection that was held for a transaction, if that has ended."""
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
        """Replace the connection that this thread holds, if it was lost outside a transaction."""
        if self.closed or self.transactions:
            return
        if self.conn is not None:
            if self.conn.is_usable(self.settings.idle_check_after):
                return
            log(logging.INFO, "replacing a lost connection")
            self.pool.putconn(self.conn, discard=True)
            self.conn = None
        self.conn = self.check_out()

    @contextmanager
    def ignoring_loss(self) -> Iterator[None]:
        """Suppress the error of a statement if it failed because the connection is lost."""
        try:
            yield
        except (peewee.OperationalError, peewee.InterfaceError):
            if not self.is_lost:
                raise
