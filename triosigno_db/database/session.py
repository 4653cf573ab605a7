"""Which connection a thread works on: held for the length of a block, or borrowed for a call."""

import logging
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

import peewee

from triosigno_db.database.connection import Connection
from triosigno_db.database.pool import Pool
from triosigno_db.database.retries import backoff
from triosigno_db.errors import DatabaseUnavailableError

logger = logging.getLogger("triosigno_db")


class HoldingPool(Pool):
    """A pool that knows the connection of each thread, and replaces one that was lost.

    Args:
        settings: How to reach the server, and the limits to keep.
    """

    @contextmanager
    def held(self, *, patiently: bool = True) -> Iterator[None]:
        """Hold one connection for this thread while the block lasts; blocks may nest.

        Args:
            patiently: Try again, for as long as connecting may take, where none can be opened.
        """
        if not self._state.closed:
            yield
            return
        connect = self._connect_patiently if patiently else self._connect
        self._state.set_connection(connect())
        try:
            yield
        finally:
            connection = self._state.conn
            self._state.reset()
            if connection is not None:
                self._close(connection)

    def _connect_patiently(self) -> Connection:
        deadline = time.monotonic() + (self.settings.connect_timeout or math.inf)
        tries = 0
        while True:
            try:
                return self._connect()
            except DatabaseUnavailableError:
                if time.monotonic() >= deadline:
                    raise
            tries += 1
            # Nothing tells when a server is up again but trying.
            time.sleep(backoff(tries))

    def _renew_held(self) -> None:
        """Replace the connection that this thread holds, if it was lost between two statements."""
        if self._state.closed or self.in_transaction():
            return
        connection: Connection = self._state.conn
        if not connection.is_usable(self.settings.idle_check_after):
            logger.info("a lost connection is replaced")
            self._close(connection, close_conn=True)
            self._state.conn = self._connect_patiently()

    def is_connection_lost(self) -> bool:
        """Tell whether the connection that this thread holds is beyond use."""
        return bool(self._state.conn is None or self._state.conn.closed)

    @contextmanager
    def ignoring_loss(self) -> Iterator[None]:
        """Go on where a statement fails only because the connection is lost."""
        try:
            yield
        except (peewee.OperationalError, peewee.InterfaceError):
            if not self.is_connection_lost():
                raise
