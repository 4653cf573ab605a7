"""A mixed workload that runs for long, and the resources of the process and the server."""

import os
import random
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

import psycopg2

import triosigno_db as db
from tests.plain_sql import run_plain
from triosigno_db.testing.factories import (
    make_category,
    make_lesson,
    make_module,
    make_sign,
    make_user,
)

LEARNERS = 50
SESSIONS_OF_A_LEARNER = 100
"""How many a learner completes, on average, before another one takes the place."""

SIGNS = 20
KEYS_ARE_KEPT = timedelta(minutes=1)

_PAUSE_SECONDS = 0.005
_CONNECTIONS = """
SELECT count(*) FROM pg_stat_activity
WHERE application_name = 'triosigno_db' AND datname = current_database()
"""


class Sample(NamedTuple):
    """What was seen in one stretch of time.

    Attributes:
        minute: When it ended, in minutes from the start.
        calls: How many calls ended in it.
        p50: The median of their durations, in milliseconds.
        p95: The 95th percentile.
        p99: The 99th percentile.
        bare: The median of a bare `SELECT 1` beside them, in milliseconds: how busy the machine is.
        memory: What the process holds in memory at its end, in MB.
        connections: How many connections the library holds at its end.
        threads: How many threads the process has at its end.
        files: How many files it has open at its end.
    """

    minute: float
    calls: int
    p50: float
    p95: float
    p99: float
    bare: float
    memory: float
    connections: int
    threads: int
    files: int


class MixedWorkload:
    """Threads that call the functions of the library, mostly the hot ones, with a short pause.

    Args:
        url: The database, which this process is connected to.
        threads: How many.
        seed: Where their choices begin.
    """

    def __init__(self, url: str, *, threads: int, seed: int) -> None:
        self._url = url
        self._learners = [make_user().id for _ in range(LEARNERS)]
        category = make_category()
        self._signs = [make_sign(category_id=category.id).id for _ in range(SIGNS)]
        self._module = make_module(lessons=0).id
        self._lesson = make_lesson(signs=0, module_id=self._module).id
        db.set_lesson_signs(self._lesson, self._signs)
        self._durations: list[float] = []
        self._bare_durations: list[float] = []
        self._is_over = threading.Event()
        self._failures: list[BaseException] = []
        self._threads = [
            threading.Thread(target=self._work, args=(random.Random(seed + number),))
            for number in range(threads)
        ]
        self._threads.append(threading.Thread(target=self._send_bare_statements))

    @contextmanager
    def running(self) -> Iterator[None]:
        """Let it run for the block; what a call raised is raised at its end."""
        for thread in self._threads:
            thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            for thread in self._threads:
                thread.join()
        if self._failures:
            raise self._failures[0]

    def sample(self, minute: float) -> Sample:
        """Sum up the calls since the last sample, and look at the process and its server."""
        durations, self._durations = self._durations, []
        bare_durations, self._bare_durations = self._bare_durations, []
        percentiles = statistics.quantiles(durations, n=100)
        [(connections,)] = run_plain(self._url, _CONNECTIONS)
        return Sample(
            minute=minute,
            calls=len(durations),
            p50=percentiles[49],
            p95=percentiles[94],
            p99=percentiles[98],
            bare=statistics.median(bare_durations),
            memory=_resident_megabytes(),
            connections=connections,
            threads=threading.active_count(),
            files=len(list(Path("/proc/self/fd").iterdir())),
        )

    def _work(self, chosen: random.Random) -> None:
        # A review, a lesson, a look at the profile: what a learner does, as often as they do it.
        calls = [self._attempt] * 6 + [self._read_tree] * 4 + [self._read_user] * 6
        calls += [self._read_summary, self._review, self._complete_session, self._forget_keys]
        try:
            while not self._is_over.wait(_PAUSE_SECONDS):
                call = chosen.choice(calls)
                self._durations.append(_milliseconds_of(partial(call, chosen)))
        except BaseException as exc:  # noqa: BLE001 (it is raised at the end of the block)
            self._failures.append(exc)

    def _send_bare_statements(self) -> None:
        with closing(psycopg2.connect(self._url)) as connection:
            connection.autocommit = True
            cursor = connection.cursor()
            while not self._is_over.wait(_PAUSE_SECONDS):
                self._bare_durations.append(_milliseconds_of(lambda: cursor.execute("SELECT 1")))

    def _attempt(self, chosen: random.Random) -> None:
        db.record_attempt(
            chosen.choice(self._learners),
            chosen.choice(self._signs),
            is_correct=chosen.random() < 0.8,
            idempotency_key=str(uuid4()) if chosen.random() < 0.5 else None,
        )

    def _read_tree(self, chosen: random.Random) -> None:
        db.get_module_tree(self._module)

    def _read_user(self, chosen: random.Random) -> None:
        db.get_user_with_preferences(chosen.choice(self._learners))

    def _read_summary(self, chosen: random.Random) -> None:
        db.get_learner_summary(chosen.choice(self._learners))

    def _review(self, chosen: random.Random) -> None:
        db.list_signs_to_review(chosen.choice(self._learners))

    def _complete_session(self, chosen: random.Random) -> None:
        place = chosen.randrange(LEARNERS)
        learner = self._learners[place]
        with db.transaction():
            session = db.start_session(learner, self._lesson)
            made = [
                db.Attempt(sign_id=sign_id, is_correct=True)
                for sign_id in chosen.sample(self._signs, 5)
            ]
            db.complete_session(session.id, score=80, xp_earned=10, attempts=made)
        if chosen.random() < 1 / SESSIONS_OF_A_LEARNER:
            # The summary adds up all sessions of a learner: they must not pile up.
            self._learners[place] = make_user().id

    def _forget_keys(self, chosen: random.Random) -> None:
        db.delete_idempotency_keys(before=datetime.now(UTC) - KEYS_ARE_KEPT)


def growth(samples: Sequence[Sample], value: Callable[[Sample], float]) -> float:
    """Tell by how much a value grew from the first sample to the last.

    It is the median slope of all pairs of samples (Theil and Sen): what disturbs the machine for a
    moment moves it little.

    Args:
        samples: The samples.
        value: What to look at.

    Returns:
        The growth in the value's unit, negative where it shrank.
    """
    slopes = [
        (value(later) - value(earlier)) / (later.minute - earlier.minute)
        for earlier, later in combinations(samples, 2)
    ]
    return statistics.median(slopes) * (samples[-1].minute - samples[0].minute)


def _milliseconds_of(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return (time.perf_counter() - started) * 1000


def _resident_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
