"""Events: notify observers of each statement that was sent, and log slow statements."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import psycopg2

from triosigno_db.database.logs import log, logger
from triosigno_db.database.sqlstates import without_values
from triosigno_db.errors import InvalidInputError


class StatementEvent(NamedTuple):
    """A statement that has ended.

    Attributes:
        name: The name of the statement; for a statement of a model, its text with a placeholder for
            each value; for transaction control, the command, such as `BEGIN`, `COMMIT` or
            `RELEASE SAVEPOINT`.
        duration: The duration in seconds, including fetching the rows.
        rows: The number of rows returned; 0 if it returns no rows or failed.
        error: A copy of the driver's error, with its SQLSTATE and its first line; `None` if the
            statement succeeded.
        host: The host name, the address, or the directory of the Unix socket of the server.
        port: The port of the server.
        database: The name of the database.
    """

    name: str
    duration: float
    rows: int
    error: BaseException | None
    host: str
    port: int
    database: str


Observer = Callable[[StatementEvent], None]

observers: list[Observer] = []
"""The functions that are notified, in this order."""


def on_statement(callback: Observer) -> Callable[[], None]:
    """Register a function to call after each statement that this process sends.

    The function runs in the thread that sent the statement, before the caller continues, so it
    should be fast. An exception that it raises is logged and otherwise ignored.

    Args:
        callback: A function that takes a `StatementEvent`; an event never contains the values of a
            statement.

    Returns:
        A function without arguments that removes the registration.

    Raises:
        InvalidInputError: `callback` is not callable.
    """
    if not callable(callback):
        raise InvalidInputError("callback", "must be a function")

    def observe(event: StatementEvent) -> None:
        callback(event)

    def stop() -> None:
        observers[:] = [each for each in observers if each is not observe]

    observers.append(observe)
    return stop


class StatementTiming:
    """The timing of a running statement; the sender sets `rows`."""

    rows = 0


class StatementTimer:
    """Times the statements of one database, logs the slow ones, and notifies the observers.

    Args:
        slow: The duration in seconds from which a statement is logged as slow; 0 disables this.
        database: The name of the database.
    """

    def __init__(self, slow: float, database: str) -> None:
        self._slow = slow or math.inf
        self._database = database

    @contextmanager
    def timed(self, name: str, address: tuple[str, int]) -> Iterator[StatementTiming]:
        """Time the statement that is sent inside the block.

        Args:
            name: The name of the statement, or its text if it has no name.
            address: The host and port that it is sent to.

        Yields:
            The timing, on which the sender sets the number of rows.
        """
        timing = StatementTiming()
        started = time.perf_counter()
        try:
            yield timing
        except BaseException as exc:
            # Peewee's error holds the driver's.
            self.ended(name, address, started, error=getattr(exc, "orig", None) or exc)
            raise
        self.ended(name, address, started, timing.rows)

    def ended(
        self,
        name: str,
        address: tuple[str, int],
        started: float,
        rows: int = 0,
        error: BaseException | None = None,
    ) -> None:
        """Log a statement that has ended, and notify the observers.

        Args:
            name: The name of the statement, or its text if it has no name.
            address: The host and port that it was sent to.
            started: The time at which it was sent, by `time.perf_counter`.
            rows: The number of rows returned.
            error: The error, if it failed.
        """
        duration = time.perf_counter() - started
        if duration >= self._slow:
            log(logging.WARNING, "slow statement: %s took %.0f ms", name, duration * 1000)
        elif logger.isEnabledFor(logging.DEBUG):
            log(logging.DEBUG, "%s took %.2f ms, %d rows", name, duration * 1000, rows)
        if not observers:
            return
        if isinstance(error, psycopg2.Error):
            error = without_values(error)
        event = StatementEvent(name, duration, rows, error, *address, self._database)
        for observe in tuple(observers):
            try:
                observe(event)
            except Exception:  # noqa: BLE001 (an observer may raise anything)
                log(logging.ERROR, "an observer of statements failed", exc_info=True)
