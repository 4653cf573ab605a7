"""Exceptions from outside at random moments of functions, blocks and commits.

Run as a module it is a process of its own: it reads a plan, a line of JSON, and prints what it
found. The main thread is interrupted by a timer's signal, as by the time limits of task queues;
other threads by `PyThreadState_SetAsyncExc`.
"""

import json
import logging
import random
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from itertools import count
from typing import NamedTuple

import triosigno_db as db
from tests.faults.interrupters import INTERRUPTIONS, AsyncExceptions, Steps, Timer
from triosigno_db.database.lifecycle import current_database
from triosigno_db.database.pool import Checkout
from triosigno_db.models import SignCategory, database_proxy


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
