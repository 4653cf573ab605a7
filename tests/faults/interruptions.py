"""Exceptions from outside at random moments of functions, blocks and commits.

Run as a module it is a process of its own: it reads a plan, a line of JSON, and prints what it
found. The main thread is interrupted by a timer's signal, as by the time limits of task queues;
other threads by `PyThreadState_SetAsyncExc`.
"""

import ctypes
import inspect
import json
import logging
import random
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from types import FrameType
from typing import NamedTuple

import triosigno_db as db
from triosigno_db.database.lifecycle import current_database
from triosigno_db.database.pool import Checkout
from triosigno_db.models import SignCategory, database_proxy

LONGEST_SECONDS = 0.01
"""Most operations take less: their whole course is reached."""


class StoppedError(BaseException):
    """Like `KeyboardInterrupt`."""


class TimeLimitError(Exception):
    """Like Celery's `SoftTimeLimitExceeded`, which is an `Exception`."""


INTERRUPTIONS = (StoppedError, TimeLimitError)


class Plan(NamedTuple):
    """What to do.

    Attributes:
        url: The database.
        user_id: A learner.
        sign_id: A sign.
        interruptions: How many.
        seed: Where the random choices begin.
        threads: How many threads are interrupted at a time; 0 for the timer's signal.
    """

    url: str
    user_id: str
    sign_id: str
    interruptions: int
    seed: int
    threads: int


class Journal:
    """What was begun, what was acknowledged, and what must be stored together."""

    def __init__(self, prefix: str, interrupter: "Timer | AsyncExceptions | Steps") -> None:
        self._prefix = prefix
        self._interrupter = interrupter
        self._numbers = count(1)
        self.acknowledged: list[str] = []
        self.refused: list[str] = []
        self.pairs: list[tuple[str, str]] = []
        self.attempts = 0
        self.errors: list[str] = []
        self.interrupted = 0

    def name(self) -> str:
        return f"{self._prefix} {next(self._numbers)}"

    def write(self) -> str:
        """Make a row, without taking a note of it."""
        name = self.name()
        assert db.create_category(db.NewCategory(name=name, description="-")).name == name
        return name

    def note_interruption(self) -> None:
        self._interrupter.received()
        self.interrupted += 1

    def acknowledge(self, *names: str) -> None:
        self.acknowledged.extend(names)


# -- operations ----------------------------------------------------------------------------------


def read(journal: Journal, plan: Plan) -> None:
    assert db.get_user(plan.user_id).id == plan.user_id


def write(journal: Journal, plan: Plan) -> None:
    journal.acknowledge(journal.write())


def attempt(journal: Journal, plan: Plan) -> None:
    db.record_attempt(plan.user_id, plan.sign_id, is_correct=True)
    journal.attempts += 1


def hold_a_connection(journal: Journal, plan: Plan) -> None:
    with db.connection():
        read(journal, plan)
        write(journal, plan)


def commit_two(journal: Journal, plan: Plan) -> None:
    pair = journal.name(), journal.name()
    journal.pairs.append(pair)
    with db.transaction():
        for name in pair:
            db.create_category(db.NewCategory(name=name, description="-"))
    journal.acknowledge(*pair)


def roll_back_inside(journal: Journal, plan: Plan) -> None:
    with db.transaction():
        first = journal.write()
        with suppress(ZeroDivisionError), db.transaction():
            journal.refused.append(journal.write())
            1 / 0  # noqa: B018 (leaves the block of the operation's own accord)
        last = journal.write()
    journal.acknowledge(first, last)


def go_on_after_a_transaction(journal: Journal, plan: Plan) -> None:
    with db.connection():
        try:
            commit_two(journal, plan)
        except INTERRUPTIONS:
            journal.note_interruption()
            write(journal, plan)


def go_on_after_a_savepoint(journal: Journal, plan: Plan) -> None:
    with db.transaction():
        inner = None
        try:
            with db.transaction():
                name = journal.write()
            inner = name
        except INTERRUPTIONS:
            journal.note_interruption()
        outer = journal.write()
    journal.acknowledge(outer, *([inner] if inner else []))


def write_in_the_handler(journal: Journal, plan: Plan) -> None:
    try:
        commit_two(journal, plan)
    except INTERRUPTIONS:
        # The traceback is still referred to.
        journal.note_interruption()
        write(journal, plan)


def repeat_if_needed(journal: Journal, plan: Plan) -> None:
    journal.acknowledge(db.run_in_transaction(journal.write, isolation="serializable"))


def read_only_then_write(journal: Journal, plan: Plan) -> None:
    try:
        with db.reading_from_replica():
            read(journal, plan)
    except INTERRUPTIONS:
        journal.note_interruption()
        write(journal, plan)


def use_models(journal: Journal, plan: Plan) -> None:
    pair = journal.name(), journal.name()
    journal.pairs.append(pair)
    with database_proxy.atomic():
        for name in pair:
            SignCategory.create(name=name, description="-")
    journal.acknowledge(*pair)


OPERATIONS: tuple[Callable[[Journal, Plan], None], ...] = (
    read,
    write,
    attempt,
    hold_a_connection,
    commit_two,
    roll_back_inside,
    go_on_after_a_transaction,
    go_on_after_a_savepoint,
    write_in_the_handler,
    repeat_if_needed,
    read_only_then_write,
    use_models,
)


# -- interruptions -------------------------------------------------------------------------------


class Timer:
    """Raises in the main thread, from the handler of a signal."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        signal.signal(signal.SIGALRM, self._raise)

    def _raise(self, *_: object) -> None:
        raise self._chance.choice(INTERRUPTIONS)

    def arm(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, self._chance.uniform(1e-6, LONGEST_SECONDS))

    def disarm(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)

    def received(self) -> None:
        """Nothing is on its way any more."""

    def end(self) -> None:
        self.disarm()


class AsyncExceptions:
    """Raises in the threads that ask for it."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._lock = threading.Lock()
        self._due: dict[int, float] = {}
        self._sent: set[int] = set()
        self._is_ended = False
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def arm(self) -> None:
        due = time.perf_counter() + self._chance.uniform(1e-6, LONGEST_SECONDS)
        with self._lock:
            self._due[threading.get_ident()] = due

    def disarm(self) -> None:
        """Return if nothing was sent; else wait until it arrives."""
        ident = threading.get_ident()
        with self._lock:
            self._due.pop(ident, None)
            was_sent = ident in self._sent
            self._sent.discard(ident)
        while was_sent:
            time.sleep(0)

    def _run(self) -> None:
        while not self._is_ended:
            with self._lock:
                now = time.perf_counter()
                for ident in [each for each, due in self._due.items() if due <= now]:
                    del self._due[ident]
                    self._sent.add(ident)
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(
                        ctypes.c_ulong(ident), ctypes.py_object(self._chance.choice(INTERRUPTIONS))
                    )
            time.sleep(0)

    def received(self) -> None:
        with self._lock:
            self._sent.discard(threading.get_ident())

    def end(self) -> None:
        self._is_ended = True
        self._thread.join()


class Steps:
    """Raises at one step: where a function begins, or where one that is written in C has ended.

    These are the places at which Python looks for signals and for exceptions from other threads.
    """

    def __init__(self) -> None:
        self.left = 0

    def arm(self, step: int) -> None:
        self.left = step
        sys.setprofile(self._profile)

    def _profile(self, frame: FrameType, event: str, _: object) -> None:
        if event not in ("call", "c_return") or frame.f_code.co_filename == __file__:
            return
        if event == "call" and frame.f_code.co_flags & inspect.CO_GENERATOR:
            # A profiler's exception ends the generator; that of a signal is raised at its `yield`.
            return
        self.left -= 1
        if not self.left:
            raise INTERRUPTIONS[0]

    def disarm(self) -> None:
        sys.setprofile(None)

    def received(self) -> None:
        """Nothing is on its way any more."""


def interrupt_each_step(plan: Plan, journal: Journal, steps: Steps, stride: int) -> None:
    """Run each operation as often as it has steps, and interrupt another one each time.

    Args:
        plan: What to do it with.
        journal: Where to take notes.
        steps: What interrupts.
        stride: Which steps: each one, or each second, and so on.
    """
    for number, operation in enumerate(OPERATIONS):
        step, is_ended = 1 + number % stride, False
        while not is_ended:
            before = journal.interrupted
            try:
                steps.arm(step)
                operation(journal, plan)
                steps.disarm()
            except INTERRUPTIONS:
                steps.disarm()
                journal.note_interruption()
            except Exception as exc:  # noqa: BLE001 (whatever it is, it is reported)
                steps.disarm()
                if journal.interrupted == before:
                    journal.errors.append(f"{operation.__name__}: step {step}: {exc!r}")
            is_ended = steps.left > 0
            status = db.pool_status()
            if (status.in_use, status.opening, status.waiting) != (0, 0, 0):
                journal.errors.append(f"{operation.__name__}: step {step}: {status}")
                return
            step += stride


def interrupt_calls(
    plan: Plan, journal: Journal, interrupter: Timer | AsyncExceptions, number: int
) -> None:
    """Run operations until as many of them were interrupted."""
    chance = random.Random(plan.seed + number)
    goal = plan.interruptions // max(1, plan.threads)
    while journal.interrupted < goal and len(journal.errors) < 10:
        operation = chance.choice(OPERATIONS)
        before, error = journal.interrupted, None
        try:
            interrupter.arm()
            try:
                operation(journal, plan)
            except INTERRUPTIONS:
                raise
            except Exception as exc:  # noqa: BLE001 (whatever it is, it is reported)
                error = f"{operation.__name__}: {exc!r}"
            interrupter.disarm()
        except INTERRUPTIONS:
            journal.note_interruption()
        if error is not None and journal.interrupted == before:
            journal.errors.append(error)


def check_operations(plan: Plan, journal: Journal) -> None:
    """Run each operation on each connection of the pool, without interruptions."""
    pool = current_database().pool
    checkouts = [Checkout() for _ in range(pool.get_status().limit)]
    for checkout in checkouts:
        pool.getconn(checkout)
    for checkout in checkouts:
        pool.putconn(checkout)
        for operation in OPERATIONS:
            operation(journal, plan)
        pool.getconn(checkout)
    for checkout in checkouts:
        pool.putconn(checkout)


def main() -> None:
    plan = Plan(**json.load(sys.stdin))
    logging.disable()
    db.connect(plan.url, connection_limit=3, pool_timeout=20, password_cost=4)
    chance = random.Random(plan.seed)
    interrupter = AsyncExceptions(chance) if plan.threads else Timer(chance)
    journals = [Journal(f"{number}", interrupter) for number in range(max(1, plan.threads))]
    if plan.threads:
        threads = [
            threading.Thread(target=interrupt_calls, args=(plan, journal, interrupter, number))
            for number, journal in enumerate(journals)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    else:
        interrupt_calls(plan, journals[0], interrupter, 0)
    interrupter.end()
    status = db.pool_status()
    last = Journal("last", interrupter)
    if not (status.in_use or status.opening or status.waiting):
        check_operations(plan, last)
    found = {
        "interrupted": sum(journal.interrupted for journal in journals),
        "attempts": sum(journal.attempts for journal in (*journals, last)),
        "status": status._asdict(),
    }
    for name in ("acknowledged", "refused", "pairs", "errors"):
        found[name] = [each for journal in (*journals, last) for each in getattr(journal, name)]
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
