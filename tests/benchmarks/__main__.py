"""Measure the hot functions: `make bench`."""

import argparse
import random
import statistics
import time
from collections.abc import Callable
from contextlib import closing
from typing import Any, NamedTuple

import psycopg2
from rich.console import Console
from rich.table import Table

import triosigno_db as db
from tests.benchmarks import data
from tests.benchmarks.data import a_module, a_sign, a_user, an_id
from tests.benchmarks.peers import RawPsycopg2
from triosigno_db.testing import ThrowawayPostgres

WARM_UP = 50


class Contest(NamedTuple):
    """A function of the library and its peer, called with the same arguments."""

    name: str
    target: float
    ours: Callable[..., Any]
    peer: Callable[..., Any]
    arguments: Callable[[random.Random], tuple[str, ...]]


def contests(raw: RawPsycopg2) -> list[Contest]:
    return [
        Contest("user", 1.2, db.get_user_with_preferences, raw.get_user, lambda r: (a_user(r),)),
        Contest("tree", 1.0, db.get_module_tree, raw.get_tree, lambda r: (a_module(r),)),
        Contest(
            "attempt",
            1.15,
            lambda user, sign: db.record_attempt(user, sign, is_correct=True),
            raw.record_attempt,
            lambda r: (a_user(r), a_sign(r)),
        ),
        Contest("review", 1.15, db.list_signs_to_review, raw.list_review, lambda r: (a_user(r),)),
        Contest("summary", 1.15, db.get_learner_summary, raw.get_summary, lambda r: (a_user(r),)),
        Contest("search", 1.15, db.search_signs, raw.search, lambda r: (a_search(r),)),
    ]


BATCH = 1000
SIGNS_OF_A_BATCH = (100, BATCH)
"""A learner's attempts come back to the same signs; the other extreme is one attempt for each."""

BATCH_TARGET = 30.0


def measure_batch(rounds: int, signs: int, seed: int) -> tuple[float, float, float]:
    """Count attempts in batches and one by one, at as many signs.

    Returns:
        The medians in milliseconds of one attempt, in a batch and alone, and the gain.
    """
    choice = random.Random(seed)
    batched, alone = [], []
    for _ in range(rounds):
        user = a_user(choice)
        signs_tried = [an_id(f"sign{choice.randint(1, signs)}") for _ in range(BATCH)]
        attempts = [db.Attempt(sign_id=sign, is_correct=True) for sign in signs_tried]
        started = time.perf_counter()
        db.record_attempts(user, attempts)
        batched.append((time.perf_counter() - started) / BATCH)
        other = a_user(choice)
        for sign in signs_tried[:100]:
            started = time.perf_counter()
            db.record_attempt(other, sign, is_correct=True)
            alone.append(time.perf_counter() - started)
    ours, single = (statistics.median(of) * 1000 for of in (batched, alone))
    return ours, single, single / ours


def a_search(choice: random.Random) -> str:
    return f"sign {choice.randint(1, data.MODULES * data.LESSONS * data.SIGNS)}"


def measure(contest: Contest, rounds: int, seed: int) -> tuple[float, float, float]:
    """Call both in turn.

    Returns:
        The medians in milliseconds, ours and the peer's, and their ratio.
    """
    choice = random.Random(seed)
    times: tuple[list[float], list[float]] = ([], [])
    for number in range(WARM_UP + rounds):
        arguments = contest.arguments(choice)
        # Who goes first takes turns as well: the second finds the rows in the caches.
        order = (0, 1) if number % 2 else (1, 0)
        for which in order:
            function = (contest.ours, contest.peer)[which]
            started = time.perf_counter()
            function(*arguments)
            if number >= WARM_UP:
                times[which].append(time.perf_counter() - started)
    ours, peer = (statistics.median(of) * 1000 for of in times)
    return ours, peer, ours / peer


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed", type=int, default=2026)
    options = parser.parse_args()
    console = Console()
    with ThrowawayPostgres() as server:
        with console.status("Loading rows ..."):
            data.load(server.url)
        with closing(psycopg2.connect(server.url)) as connection:
            connection.autocommit = True
            title = f"PostgreSQL {server.version}, {options.rounds} rounds, seed {options.seed}"
            table = Table("function", "ms a call", "raw psycopg2", "ratio", "to reach", title=title)
            for _ in range(options.repeats):
                for contest in contests(RawPsycopg2(connection)):
                    ours, peer, ratio = measure(contest, options.rounds, options.seed)
                    figures = (f"{ours:.3f}", f"{peer:.3f}", f"{ratio:.2f}", f"{contest.target}")
                    table.add_row(contest.name, *figures)
                table.add_section()
            batches = Table(
                "attempts in a batch of 1,000",
                "ms an attempt",
                "one by one",
                "times cheaper",
                "to reach",
            )
            for signs in SIGNS_OF_A_BATCH:
                ours, single, gain = measure_batch(
                    max(10, options.rounds // 50), signs, options.seed
                )
                target = f"{BATCH_TARGET:g}" if signs < BATCH else ""
                figures = (f"{ours:.4f}", f"{single:.3f}", f"{gain:.1f}", target)
                batches.add_row(f"at {signs:,} signs", *figures)
        db.disconnect()
    console.print(table)
    console.print(batches)


if __name__ == "__main__":
    main()
