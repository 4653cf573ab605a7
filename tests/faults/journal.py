"""The journal of what clients know of their writes, compared with what the tables hold."""

import threading
import time
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from enum import StrEnum
from typing import NamedTuple

from tests.plain_sql import run_plain

TIMEOUT_SECONDS = 60

Row = tuple[str, str]
"""A row of progress: its user and its sign."""

_ATTEMPTS = 'SELECT "userId", "signId", "correctAttempts", "totalAttempts" FROM "Progress"'
_COMPLETED = 'SELECT "id" FROM "LearningSession" WHERE "completed" AND "score" = 90'


class Kind(StrEnum):
    """What a write does."""

    ATTEMPT = "attempt"
    KEYLESS = "attempt without a key"
    TRANSACTION = "transaction"
    SESSION = "session"


class Outcome(StrEnum):
    """What a client knows of a write."""

    BEGUN = "begun"
    ACKNOWLEDGED = "acknowledged"
    REFUSED = "refused"
    UNKNOWN = "unknown"


class Write(NamedTuple):
    """A write of one attempt at each of its signs.

    Attributes:
        key: What no other write has; for a session its id.
        kind: What it does.
        user_id: The learner.
        sign_ids: The signs.
    """

    key: str
    kind: Kind
    user_id: str
    sign_ids: tuple[str, ...]

    @property
    def rows(self) -> list[Row]:
        """The rows that it counts in."""
        return [(self.user_id, sign_id) for sign_id in self.sign_ids]


class Entry(NamedTuple):
    """One entry for the start of a write, and one for each outcome.

    Attributes:
        writer: The client's name.
        write: The write.
        outcome: What is known from now on.
        at: When, by `time.monotonic`, which all processes of a machine share.
    """

    writer: str
    write: Write
    outcome: Outcome
    at: float


class Applied(NamedTuple):
    """What the tables hold: attempts of each row, and the sessions that are completed."""

    attempts: Counter[Row]
    sessions: frozenset[str]


class Verdict(NamedTuple):
    """What the clients know, compared with the tables.

    Attributes:
        acknowledged: Attempts that clients were told of.
        refused: Attempts of which they were told that nothing was applied.
        unknown: Attempts of which they were told, once or more often, that nobody knows; those
            with a key were then repeated until they were acknowledged.
        lost: Acknowledged attempts that are not in the tables.
        doubled: Attempts in the tables that nobody made.
    """

    acknowledged: int = 0
    refused: int = 0
    unknown: int = 0
    lost: int = 0
    doubled: int = 0

    def __add__(self, other: tuple[int, ...]) -> "Verdict":  # type: ignore[override]
        return Verdict(*(mine + its for mine, its in zip(self, other, strict=True)))


class Journal:
    """The entries of all clients, added from any thread."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._latest: dict[str, Entry] = {}
        self._unknown: dict[str, Write] = {}
        self._acknowledged_at: dict[str, list[float]] = {}
        self._refused = 0

    def add(self, entry: Entry) -> None:
        """Add an entry."""
        with self._changed:
            self._latest[entry.write.key] = entry
            if entry.outcome is Outcome.UNKNOWN:
                self._unknown[entry.write.key] = entry.write
            elif entry.outcome is Outcome.REFUSED:
                self._refused += 1
            elif entry.outcome is Outcome.ACKNOWLEDGED:
                self._acknowledged_at.setdefault(entry.writer, []).append(entry.at)
            self._changed.notify_all()

    def open_writes(self, writer: str) -> list[Write]:
        """List the writes of one writer whose outcome is not known to it."""
        with self._changed:
            return [
                entry.write
                for entry in self._latest.values()
                if entry.writer == writer and entry.outcome in (Outcome.BEGUN, Outcome.UNKNOWN)
            ]

    def wait_for_successes(self, writers: Collection[str], since: float) -> dict[str, float]:
        """Wait until each client has succeeded after a given time.

        Args:
            writers: The names of the clients.
            since: The time, by `time.monotonic`.

        Returns:
            The seconds from that time to the first success of each.
        """
        self._wait_until(lambda: len(self._first_after(writers, since)) == len(writers))
        return self._first_after(writers, since)

    def wait_for_refusals(self, count: int) -> None:
        """Wait until so many writes have been refused."""
        self._wait_until(lambda: self._refused >= count)

    def compare(self, before: Applied, after: Applied) -> Verdict:
        """Compare what the writers know with what the tables hold.

        Args:
            before: What they held when the first entry was added.
            after: What they hold after the last.

        Returns:
            The verdict.
        """
        acknowledged = self._with(Outcome.ACKNOWLEDGED)
        told, possible = (
            _count(acknowledged),
            _count(self._with(Outcome.ACKNOWLEDGED, Outcome.BEGUN, Outcome.UNKNOWN)),
        )
        applied = Counter(after.attempts)
        applied.subtract(before.attempts)
        rows = {*applied, *possible}
        completed = after.sessions - before.sessions
        sessions = {write.key for write in acknowledged if write.kind is Kind.SESSION}
        return Verdict(
            acknowledged=told.total(),
            refused=_count(self._with(Outcome.REFUSED)).total(),
            unknown=_count(self._unknown.values()).total(),
            lost=sum(max(0, told[row] - applied[row]) for row in rows) + len(sessions - completed),
            doubled=sum(max(0, applied[row] - possible[row]) for row in rows),
        )

    def _first_after(self, writers: Collection[str], since: float) -> dict[str, float]:
        firsts = {}
        for writer in writers:
            times = self._acknowledged_at.get(writer, [])
            position = bisect_left(times, since)
            if position < len(times):
                firsts[writer] = times[position] - since
        return firsts

    def _with(self, *outcomes: Outcome) -> list[Write]:
        return [entry.write for entry in self._latest.values() if entry.outcome in outcomes]

    def _wait_until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + TIMEOUT_SECONDS
        with self._changed:
            if not self._changed.wait_for(condition, deadline - time.monotonic()):
                raise TimeoutError("the clients did not get that far in time")


def read_applied(url: str) -> Applied:
    """Read from the tables what was applied; every attempt of the writers is a correct one."""
    attempts: Counter[Row] = Counter()
    for user_id, sign_id, correct, total in run_plain(url, _ATTEMPTS):
        assert correct == total
        attempts[user_id, sign_id] = total
    return Applied(attempts, frozenset(key for (key,) in run_plain(url, _COMPLETED)))


def _count(writes: Iterable[Write]) -> Counter[Row]:
    return Counter(row for write in writes for row in write.rows)
