"""A client that writes without a pause, and records the outcome of each write.

Run as a module it is a process of its own: it reads a plan, a line of JSON, then single letters: at
`g` it starts, at any other it stops. It prints each entry of the journal as a line of JSON, and
`null` once it has stopped. What it has printed is known even when it is killed.
"""

import json
import logging
import random
import time
from collections.abc import Callable
from contextlib import suppress
from select import select
from threading import Event
from typing import Any, NamedTuple
from uuid import uuid4

import triosigno_db as db
from tests.faults.journal import TIMEOUT_SECONDS, Entry, Kind, Outcome, Write

REFUSALS = (
    db.DatabaseUnavailableError,
    db.PoolTimeoutError,
    db.QueryTimeoutError,
    db.ReadOnlyError,
)
"""What a call may raise while something fails: nothing was applied."""

_PAUSE_SECONDS = 0.02
_KINDS = (Kind.ATTEMPT, Kind.ATTEMPT, Kind.ATTEMPT, Kind.KEYLESS, Kind.TRANSACTION, Kind.SESSION)


class Plan(NamedTuple):
    """Who writes, and of what.

    Attributes:
        writer: A name.
        url: The database.
        options: For `connect`.
        user_id: A learner whom no other writer writes of.
        shared_user_id: One of whom all do.
        sign_ids: Signs to attempt, three or more.
        lesson_id: The lesson of its sessions.
        seed: Where its choices begin.
    """

    writer: str
    url: str
    options: dict[str, Any]
    user_id: str
    shared_user_id: str
    sign_ids: tuple[str, ...]
    lesson_id: str
    seed: int


class Writer:
    """A writer, on the database that its process is connected to.

    Args:
        plan: Who writes, and of what.
        record: Called with each entry of the journal.
    """

    def __init__(self, plan: Plan, record: Callable[[Entry], None]) -> None:
        self._plan = plan
        self._record = record
        self._random = random.Random(plan.seed)
        self._pause = Event()

    def write_until(self, is_over: Callable[[], bool]) -> None:
        """Read and write until it is over and what was begun is known."""
        while not is_over():
            self._read()
            write = self._choose()
            self._record_outcome(write, Outcome.BEGUN)
            if not self.carry_out(write):
                self._pause.wait(_PAUSE_SECONDS)

    def carry_out(self, write: Write, *, is_known: bool = True) -> bool:
        """Make a write, again while its outcome is unknown and it can be repeated.

        Args:
            write: What to write.
            is_known: Whether it was not sent before.

        Returns:
            Whether it was acknowledged.
        """
        deadline = time.monotonic() + TIMEOUT_SECONDS
        while True:
            try:
                perform(write)
            except db.OutcomeUnknownError:
                is_known = False
                self._record_outcome(write, Outcome.UNKNOWN)
                if write.kind is Kind.KEYLESS:
                    return False
            except REFUSALS:
                # That a repetition was refused says nothing of what was sent before.
                if is_known:
                    self._record_outcome(write, Outcome.REFUSED)
                    return False
            else:
                self._record_outcome(write, Outcome.ACKNOWLEDGED)
                return True
            if time.monotonic() > deadline:
                raise TimeoutError(f"the outcome of {write} stays unknown")
            self._pause.wait(_PAUSE_SECONDS)

    def _record_outcome(self, write: Write, outcome: Outcome) -> None:
        self._record(Entry(self._plan.writer, write, outcome, time.monotonic()))

    def _read(self) -> None:
        with suppress(*REFUSALS):
            assert db.get_user_with_preferences(self._plan.user_id).id == self._plan.user_id

    def _choose(self) -> Write:
        plan = self._plan
        kind = self._random.choice(_KINDS)
        *own, keyless = plan.sign_ids
        if kind is Kind.SESSION:
            with suppress(*REFUSALS, db.OutcomeUnknownError):
                session = db.start_session(plan.user_id, plan.lesson_id)
                return Write(session.id, kind, plan.user_id, tuple(own))
            kind = Kind.ATTEMPT
        if kind is Kind.KEYLESS:
            return Write(str(uuid4()), kind, plan.user_id, (keyless,))
        user_id = self._random.choice([plan.user_id, plan.user_id, plan.shared_user_id])
        # In one order, as whoever locks several rows must.
        signs = sorted(own) if kind is Kind.TRANSACTION else [self._random.choice(own)]
        return Write(str(uuid4()), kind, user_id, tuple(signs))


def perform(write: Write) -> None:
    """Make a write through the library."""
    if write.kind is Kind.SESSION:
        attempts = [db.Attempt(sign_id=sign_id, is_correct=True) for sign_id in write.sign_ids]
        result: dict[str, Any] = {"score": 90, "xp_earned": 10}
        db.complete_session(write.key, **result, attempts=attempts, idempotency_key=write.key)
    elif write.kind is Kind.TRANSACTION:
        with db.transaction():
            for sign_id in write.sign_ids:
                key = f"{write.key} {sign_id}"
                db.record_attempt(write.user_id, sign_id, is_correct=True, idempotency_key=key)
    else:
        known_by = write.key if write.kind is Kind.ATTEMPT else None
        (sign_id,) = write.sign_ids
        db.record_attempt(write.user_id, sign_id, is_correct=True, idempotency_key=known_by)


def main() -> None:
    # That statements are sent again is what is tried.
    logging.getLogger("triosigno_db").setLevel(logging.ERROR)
    commands = open(0, "rb", buffering=0)  # noqa: SIM115 (for as long as the process lasts)
    plan = Plan(*json.loads(commands.readline()))
    db.connect(plan.url, **plan.options)
    writer = Writer(plan, lambda entry: print(json.dumps(entry), flush=True))
    print("null", flush=True)
    while commands.read(1) == b"g":
        writer.write_until(lambda: bool(select([commands], [], [], 0)[0]))
        commands.read(1)
        print("null", flush=True)
    db.disconnect()


if __name__ == "__main__":
    main()
