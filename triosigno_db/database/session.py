"""The connection that a thread holds: during a block, a transaction or a call."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import peewee

from triosigno_db.database.blocks import block
from triosigno_db.database.connection import Connection
from triosigno_db.database.logs import log
from triosigno_db.database.pool import Checkout, ConnectionPool
from triosigno_db.database.retries import backoff
from triosigno_db.errors import DatabaseUnavailableError
from triosigno_db.models.peewee_internals import ConnectionState
from triosigno_db.settings import Settings


def _nothing() -> Iterator[None]:
    yield


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
        checkout: The checkout of the connection that this thread holds.
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
        self.checkout = Checkout()

    @property
    def is_lost(self) -> bool:
        """Whether the connection that this thread holds is closed, or there is none."""
        return self.conn is None or bool(self.conn.closed)

    def check_out(self, checkout: Checkout) -> Connection:
        """Check a connection out of the pool; retry with backoff if none can be opened.

        Args:
            checkout: A checkout of this thread, which is checked in afterwards.

        Returns:
            The connection, which is not yet recorded as held by this thread.

        Raises:
            DatabaseUnavailableError: The server can't be reached.
            PoolTimeoutError: No connection became free in time.
        """
        try:
            return self.pool.getconn(checkout)
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
                return self.pool.getconn(checkout)
            except DatabaseUnavailableError:
                if time.monotonic() >= deadline:
                    raise

    def hold(self, *, waits_for_server: bool = True) -> Connection:
        """Check out a connection and hold it for this thread.

        Args:
            waits_for_server: `False` to fail immediately if no connection can be opened.

        Returns:
            The connection.
        """
        checkout = self.checkout = Checkout()
        check_out = self.check_out if waits_for_server else self.pool.getconn
        connection = check_out(checkout)
        self.set_connection(connection)
        return connection

    def release(self) -> None:
        """Check in what this thread holds, and forget its transactions; it may be called again."""
        self.reset()
        self.pool.putconn(self.checkout)
        self.ends_with_transaction = False

    @block
    def checked_out(self, *, waits_for_server: bool = True) -> Iterator[None]:
        """Hold one connection for this thread during the block; blocks may nest.

        Args:
            waits_for_server: `False` to fail immediately if no connection can be opened.
        """
        yield from self.holding(waits_for_server=waits_for_server)

    def holding(
        self, inner: Callable[[], Iterator[None]] = _nothing, *, waits_for_server: bool = True
    ) -> Iterator[None]:
        """Run a generator while this thread holds a connection; it may hold one already.

        Args:
            inner: Creates the generator.
            waits_for_server: `False` to fail immediately if no connection can be opened.

        Yields:
            What the generator yields.
        """
        if not self.closed:
            yield from inner()
            return
        try:
            self.hold(waits_for_server=waits_for_server)
            yield from inner()
        finally:
            # The second call finishes what an exception from outside interrupts in the first.
            try:
                self.release()
            finally:
                self.release()

    def check_out_for_transaction(self) -> None:
        """Hold a connection until the transaction that begins now ends, unless one is held."""
        if self.closed:
            self.ends_with_transaction = True
            self.hold()
        else:
            self.renew()

    def check_in_after_transaction(self) -> None:
        """Check in the connection that was held for a transaction, if that has ended."""
        if self.transactions or not self.ends_with_transaction:
            return
        callbacks = self.commit_callbacks
        self.release()
        # Peewee runs them once the commit is done.
        self.commit_callbacks = callbacks

    def renew(self) -> None:
        """Replace the connection that this thread holds, if it was lost outside a transaction."""
        if self.closed or self.transactions:
            return
        if self.conn is not None:
            if self.conn.is_usable(self.settings.idle_check_after):
                return
            log(logging.INFO, "replacing a lost connection")
            self.suspend(discard=True)
        if not self.checkout.held:
            self.check_out(self.checkout)
        self.conn = self.checkout.held[0]

    def suspend(self, *, discard: bool = False) -> None:
        """Check in the connection that this thread holds, until its next statement.

        Args:
            discard: Close the connection even if it is reusable.
        """
        if not self.closed and not self.transactions:
            self.conn = None
            self.pool.putconn(self.checkout, discard=discard)

    def abort(self, depth: int) -> None:
        """Close the connection that this thread holds: the server rolls its transaction back.

        Args:
            depth: The number of transactions that go on; without a connection they will fail.
        """
        if self.conn is not None:
            self.conn.close()
        del self.transactions[depth:]

    def forget(self) -> None:
        """Forget the connection that this thread holds, in a forked child."""
        self.reset()
        self.checkout = Checkout()

    @contextmanager
    def ignoring_loss(self) -> Iterator[None]:
        """Suppress the error of a statement if it failed because the connection is lost."""
        try:
            yield
        except (peewee.OperationalError, peewee.InterfaceError):
            if not self.is_lost:
                raise
