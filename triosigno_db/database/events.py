"""Events: who is notified of each statement that was sent, and the log of the slow ones."""

import logging
import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

import psycopg2

from triosigno_db.database.sqlstates import redact
from triosigno_db.errors import InvalidInputError

logger = logging.getLogger("triosigno_db")


class StatementEvent(NamedTuple):
    """A statement that has ended.

    Attributes:
        name: Its name; of a model's, its text with a placeholder for each value; `BEGIN`, `COMMIT`,
            `ROLLBACK` and what has to do with a `SAVEPOINT` by these words.
        duration: How long it took, its rows fetched, in seconds.
        rows: How many rows it gave; 0 where it gives none or failed.
        error: The driver's error, cut down to its first line; `None` where it succeeded.
        host: Where it was sent: host name, address, or the folder of a Unix socket.
        port: The port there.
        database: The database.
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
"""Who is notified, in this order."""


def on_statement(callback: Observer) -> Callable[[], None]:
    """Have a function called after each statement that this process sends through the library.

    It is called where the statement was sent, before its caller goes on: what it does should be
    short. What it raises is logged, and nothing more.

    Args:
        callback: Takes a `StatementEvent`, which never holds a value that a statement was given.

    Returns:
        A function without arguments that ends this.

    Raises:
        InvalidInputError: `callback` can't be called.
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
    """What is known of a statement while it runs: `rows` is set by its sender."""

    rows = 0


class StatementTimer:
    """Times the statements of one database, logs the slow ones, and notifies the observers.

    Args:
        slow: From how many seconds on a statement is logged; 0 means never.
        database: The database's name.
    """

    def __init__(self, slow: float, database: str) -> None:
        self._slow = slow or math.inf
        self._database = database

    @contextmanager
    def timed(self, name: str, address: tuple[str, int]) -> Iterator[StatementTiming]:
        """Time the one statement that is sent inside the block.

        Args:
            name: The statement's name, or its text where it has none.
            address: Host and port that it is sent to.

        Yields:
            Where to set how many rows it gave.
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
            name: The statement's name, or its text where it has none.
            address: Host and port that it was sent to.
            started: When it was sent, by `time.perf_counter`.
            rows: How many rows it gave.
            error: Why it failed.
        """
        duration = time.perf_counter() - started
        if duration >= self._slow:
            logger.warning("slow statement: %s took %.0f ms", name, duration * 1000)
        elif logger.isEnabledFor(logging.DEBUG):
            logger.debug("%s took %.2f ms, %d rows", name, duration * 1000, rows)
        if not observers:
            return
        if isinstance(error, psycopg2.Error):
            redact(error)
        event = StatementEvent(name, duration, rows, error, *address, self._database)
        for observe in tuple(observers):
            try:
                observe(event)
            except Exception:
                logger.exception("an observer of statements failed")
