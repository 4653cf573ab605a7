"""Observers: who is told of each statement that was sent, and the log of the slow ones."""

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

_observers: list[Observer] = []


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
        _observers[:] = [each for each in _observers if each is not observe]

    _observers.append(observe)
    return stop


class Outcome:
    """What a statement came to; `rows` is set by who has sent it."""

    rows = 0


class Report:
    """Measures the statements of one database and tells of them.

    Args:
        slow: The seconds from which on a statement is logged; 0 means never.
        database: The database.
    """

    def __init__(self, slow: float, database: str) -> None:
        self._slow = slow or math.inf
        self._database = database

    @contextmanager
    def of(self, name: str, address: tuple[str, int]) -> Iterator[Outcome]:
        """Tell of the one statement that is sent inside the block.

        Args:
            name: The statement's name, or its text where it has none.
            address: Host and port that it is sent to.

        Yields:
            Where to note how many rows it gave.
        """
        outcome = Outcome()
        started = time.perf_counter()
        try:
            yield outcome
        except BaseException as exc:
            # Peewee's error holds the driver's.
            self.ended(name, address, started, error=getattr(exc, "orig", None) or exc)
            raise
        self.ended(name, address, started, outcome.rows)

    def ended(
        self,
        name: str,
        address: tuple[str, int],
        started: float,
        rows: int = 0,
        error: BaseException | None = None,
    ) -> None:
        """Tell of a statement.

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
        if not _observers:
            return
        if isinstance(error, psycopg2.Error):
            redact(error)
        event = StatementEvent(name, duration, rows, error, *address, self._database)
        for observe in tuple(_observers):
            try:
                observe(event)
            except Exception:
                logger.exception("an observer of statements failed")
