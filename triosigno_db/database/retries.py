"""Retries: which statement or transaction is retried after a failure, and with what backoff."""

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
"""The number of serialization failures after which a statement is no longer retried."""


class Attempt:
    """Records how far the execution of a statement got.

    Attributes:
        is_sent: Whether the statement itself was sent, and not only its PREPARE.
        is_aborted: Whether the attempt failed because an answer was overdue.
    """

    __slots__ = ("is_aborted", "is_sent")

    def __init__(self) -> None:
        self.is_sent = False
        self.is_aborted = False


class RetryPolicy:
    """Decides whether the statement of one call is retried.

    If the statement itself was not sent, any statement is retried until the connect timeout. If it
    was sent and its answer was lost, it is retried once, and only if it is idempotent. If the
    server rolled it back because of a concurrent transaction, or did not run it because of a stale
    plan, it is retried a few times.

    Args:
        compiled: The statement.
        settings: The limits to apply.

    Attributes:
        unknown_outcome: The error after which it is unknown whether a write was applied; `None` as
            long as the outcome is known.
    """

    def __init__(self, compiled: CompiledStatement, settings: Settings) -> None:
        self.unknown_outcome: psycopg2.Error | None = None
        self._reads_only = compiled.reads_only
        self._is_idempotent = compiled.reads_only or compiled.idempotent
        self._deadline = time.monotonic() + (settings.connect_timeout or math.inf)
        # Each connection of the pool may have a stale plan.
        self._stale_plans_left = settings.connection_limit + 1
        self._serialization_failures_left = _MAX_SERIALIZATION_FAILURES
        self._settings = settings
        self._waits = 0

    def should_retry(self, failure: psycopg2.Error, attempt: Attempt) -> bool:
        """Decide whether to retry after a failure outside a transaction.

        Args:
            failure: The error of the statement.
            attempt: How far the execution got.

        Returns:
            `True` to retry the statement.
        """
        if is_plan_stale(failure):
            self._stale_plans_left -= 1
            return self._stale_plans_left > 0
        if is_serialization_failure(failure):
            self._serialization_failures_left -= 1
            return self._serialization_failures_left > 0
        if is_refused_write(failure):
            # With several servers, another one is the primary now, or will be soon.
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
        """Wait before the next retry; the first retry does not wait."""
        # After a lost connection, a new one can usually be opened immediately. If not, only retries
        # can tell when the server is up again.
        if self._waits:
            time.sleep(backoff(self._waits))
        self._waits += 1


class TransactionTry:
    """One try of a transaction, used as a context manager around it.

    A deadlock or a serialization failure is suppressed, except in the last try: the server rolled
    the transaction back, so it can be run again.

    Args:
        number: The number of the try, from 1.
        is_last: Whether this is the last try.
    """

    def __init__(self, number: int, *, is_last: bool) -> None:
        self._number = number
        self._is_last = is_last

    @property
    def backoff(self) -> float:
        """The time to wait before the next try, in seconds."""
        return backoff(self._number)

    def __enter__(self) -> None:
        """Begin the try."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """Suppress an error that the next try may avoid."""
        is_undone = isinstance(error, ConflictError) and is_serialization_failure(error.__cause__)
        return is_undone and not self._is_last


def transaction_tries(tries: int) -> Iterator[TransactionTry]:
    """Try a transaction until it is committed.

    Args:
        tries: The maximum number of tries.

    Yields:
        A context manager for each try of the transaction.
    """
    for number in range(1, tries + 1):
        yield TransactionTry(number, is_last=number == tries)


def backoff(tries: int) -> float:
    """Compute the time to wait before the next try: it grows exponentially, with jitter.

    Args:
        tries: The number of tries so far.

    Returns:
        The time in seconds, at most half a second.
    """
    longest = min(_FIRST_BACKOFF * 2**tries, _MAX_BACKOFF)
    return random.uniform(longest / 2, longest)  # noqa: S311 (not used for security)
