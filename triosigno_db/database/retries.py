"""RetryPolicy: which statement is sent again after a failure, and how long to wait before."""

import math
import random
import time
from collections.abc import Iterator
from types import TracebackType

import psycopg2

from triosigno_db.database.sqlstates import (
    is_connection_lost,
    is_outcome_known,
    is_plan_stale,
    is_refused_write,
    is_serialization_failure,
)
from triosigno_db.database.statements import CompiledStatement
from triosigno_db.errors import ConflictError
from triosigno_db.settings import Settings

_FIRST_BACKOFF = 0.05
_MAX_BACKOFF = 0.5
_MAX_SERIALIZATION_FAILURES = 5
"""How often a statement is retried that the server rolled back for a concurrent transaction."""


class Attempt:
    """How far a statement came, for the judgement of its failure.

    Attributes:
        is_sent: Whether the statement itself was sent, and not only what prepares it.
        is_aborted: Whether the failure was an answer that did not come in time.
    """

    __slots__ = ("is_aborted", "is_sent")

    def __init__(self) -> None:
        self.is_sent = False
        self.is_aborted = False


class RetryPolicy:
    """Decides, for one call, whether its statement is sent again.

    What the server can't have seen, as only PREPARE was sent, is retried for as long as opening a
    connection may take, whatever it does. Once the statement was sent and its answer was lost, it
    is retried once, and only where that does no harm. What the server has rolled back for a
    concurrent transaction, or did not run because a plan was stale, is retried a few times.

    Args:
        compiled: The statement.
        settings: The limits to keep.

    Attributes:
        unknown_outcome: The error after which nobody can tell whether a write was applied; `None`
            as long as that is known.
    """

    def __init__(self, compiled: CompiledStatement, settings: Settings) -> None:
        self.unknown_outcome: psycopg2.Error | None = None
        self._reads_only = compiled.reads_only
        self._is_idempotent = compiled.reads_only or compiled.idempotent
        self._deadline = time.monotonic() + (settings.connect_timeout or math.inf)
        # Each pooled connection may hold a plan that is stale.
        self._stale_plans_left = settings.connection_limit + 1
        self._serialization_failures_left = _MAX_SERIALIZATION_FAILURES
        self._settings = settings
        self._waits = 0

    def should_retry(self, failure: psycopg2.Error, attempt: Attempt) -> bool:
        """Judge a failure outside of a transaction.

        Args:
            failure: What the statement met.
            attempt: How far it came.

        Returns:
            `True` where it is to be sent again.
        """
        if is_plan_stale(failure):
            self._stale_plans_left -= 1
            return self._stale_plans_left > 0
        if is_serialization_failure(failure):
            self._serialization_failures_left -= 1
            return self._serialization_failures_left > 0
        if is_refused_write(failure):
            # Of several servers another one is the primary by now, or soon.
            return self._settings.seeks_writes and time.monotonic() < self._deadline
        if not is_connection_lost(failure) and is_outcome_known(failure):
            return False
        if attempt.is_sent:
            return self._should_retry_after_loss(failure, attempt)
        return time.monotonic() < self._deadline

    def _should_retry_after_loss(self, failure: psycopg2.Error, attempt: Attempt) -> bool:
        if not self._reads_only and not is_outcome_known(failure):
            self.unknown_outcome = failure
        is_allowed = self._is_idempotent and not attempt.is_aborted
        self._is_idempotent = False
        return is_allowed

    def wait(self) -> None:
        """Wait before the statement is sent again, the first time not at all."""
        # A connection that was lost is mostly there again at once. Later on, nothing tells when a
        # server is up again but trying.
        if self._waits:
            time.sleep(backoff(self._waits))
        self._waits += 1


class TransactionTry:
    """One of several tries of a transaction, as a block around it.

    A deadlock or a serialization failure that leaves the block is suppressed, unless it is the last
    try: the server has undone the transaction, and it can be run again.

    Args:
        number: Which try it is, from 1.
        is_last: Whether no other follows.
    """

    def __init__(self, number: int, *, is_last: bool) -> None:
        self._number = number
        self._is_last = is_last

    @property
    def backoff(self) -> float:
        """How long to wait before the next try, in seconds."""
        return backoff(self._number)

    def __enter__(self) -> None:
        """Begin the try."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """Suppress what the next try may avoid."""
        is_undone = isinstance(error, ConflictError) and is_serialization_failure(error.__cause__)
        return is_undone and not self._is_last


def transaction_tries(tries: int) -> Iterator[TransactionTry]:
    """Try a transaction until it is committed.

    Args:
        tries: How often at most.

    Yields:
        Each try, to be entered around the transaction.
    """
    for number in range(1, tries + 1):
        yield TransactionTry(number, is_last=number == tries)


def backoff(tries: int) -> float:
    """Tell how long to wait before the next try: longer each time, and each caller differently.

    Args:
        tries: How many were made.

    Returns:
        The time in seconds, at most half a second.
    """
    longest = min(_FIRST_BACKOFF * 2**tries, _MAX_BACKOFF)
    return random.uniform(longest / 2, longest)  # noqa: S311 (no secret depends on it)
