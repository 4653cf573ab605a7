"""Measure many callers at once beside pgbench: `make bench WHAT=load`.

Threads share one process and its pool of ten connections; processes have one thread and one
connection each. pgbench runs the same statements with as many clients on the same server, and
psycopg_pool, with the same limit, runs them in as many threads of this process and throws the rows
away. They take turns, and the table shows the best turn of each: what else the machine does slows
single turns down. Errors are those of all turns, and the slowest caller is that of the worst turn.
"""

import argparse
import multiprocessing
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from random import Random
from threading import Barrier
from typing import Any, NamedTuple

from rich.console import Console
from rich.table import Table

import triosigno_db as db
from tests.benchmarks import data, pgbench
from tests.benchmarks.calls import HOT, Rows
from tests.benchmarks.figures import Load
from tests.benchmarks.psycopg_peer import PsycopgPool, open_pool
from triosigno_db.testing import ThrowawayPostgres

WARM_UP = 20
ROWS = Rows()

RATIO_TO_REACH = 0.5
"""Of pgbench's rate, for one thread."""

SHARE_TO_REACH = 0.9
"""Of the median thread's calls, for the slowest of them."""

Seen = tuple[float, float, list[float], int]
"""When a caller started and ended, the seconds of its calls, and its errors."""


Call = Callable[[Random, Rows], object]


class Callers(NamedTuple):
    """Who calls at once."""

    count: int
    in_processes: bool = False

    def __str__(self) -> str:
        one, several = ("process", "processes") if self.in_processes else ("thread", "threads")
        return f"{self.count} {one if self.count == 1 else several}"


EACH = (Callers(1), Callers(4), Callers(16), Callers(64), Callers(8, in_processes=True))


def chosen_callers(threads: Sequence[int] | None) -> Sequence[Callers]:
    """Choose who calls: all, or threads alone."""
    return EACH if threads is None else [Callers(count) for count in threads]


class Turn(NamedTuple):
    """What is called in one turn: a function's name, how long, and what its arguments follow from.

    It goes to other processes, so it holds no function.
    """

    name: str
    seconds: float
    seed: int
    rows: Rows = ROWS

    def call(self, number: int, start: Any, call: Call | None = None) -> Seen:
        """Be one caller: call again and again, once all others are ready as well."""
        call, choice = call or HOT[self.name].call, Random(self.seed + number)
        for _ in range(WARM_UP):
            call(choice, self.rows)
        times: list[float] = []
        errors = 0
        start.wait()
        started = ended = time.perf_counter()
        while (before := ended) < started + self.seconds:
            try:
                call(choice, self.rows)
            except db.TrioSignoDBError:
                errors += 1
                ended = time.perf_counter()
            else:
                ended = time.perf_counter()
                times.append(ended - before)
        return started, ended, times, errors


def drive_threads(turn: Turn, threads: int, call: Call | None = None) -> Load:
    """Have several threads of this process call the function, or something else for it."""
    start = Barrier(threads)
    with ThreadPoolExecutor(threads) as pool:
        running = [pool.submit(turn.call, number, start, call) for number in range(threads)]
        before = time.process_time()
        seen = together(each.result() for each in running)
        return seen._replace(processor=time.process_time() - before)


def drive_psycopg_pool(turn: Turn, threads: int, peer: PsycopgPool) -> Load:
    """Have several threads of this process run the function's statement over psycopg_pool."""
    called = HOT[turn.name]
    return drive_threads(turn, threads, lambda choice, rows: peer.call(called, choice, rows))


def drive_processes(turn: Turn, processes: int, url: str) -> Load:
    """Have several processes of one thread call."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(
        processes,
        mp_context=context,
        initializer=_join,
        initargs=(url, context.Barrier(processes)),
    ) as pool:
        running = [pool.submit(_call_in_process, turn, number) for number in range(processes)]
        return together(each.result() for each in running)


_in_process: dict[str, Any] = {}


def _join(url: str, start: Any) -> None:
    db.connect(url, connection_limit=1)
    _in_process["start"] = start


def _call_in_process(turn: Turn, number: int) -> Seen:
    return turn.call(number, _in_process["start"])


def together(callers: Iterable[Seen]) -> Load:
    """Put what the callers have seen into one."""
    started, ended, times, errors = zip(*callers, strict=True)
    return Load(times, max(ended) - min(started), sum(errors))


def measure(
    url: str, program: Path | None, turns: Sequence[Turn], callers: Callers
) -> dict[str, list[Load]]:
    """Drive a function turn by turn, and its peers; give what each has seen, by its name."""
    seen: dict[str, list[Load]] = {"triosigno_db": [], "psycopg_pool": [], "pgbench": []}
    for turn in turns:
        if callers.in_processes:
            seen["triosigno_db"].append(drive_processes(turn, callers.count, url))
        else:
            seen["triosigno_db"].append(drive_threads(turn, callers.count))
            with open_pool() as peer:
                seen["psycopg_pool"].append(drive_psycopg_pool(turn, callers.count, peer))
        if program:
            seen["pgbench"].append(
                pgbench.drive(
                    program,
                    HOT[turn.name],
                    turn.rows,
                    clients=callers.count,
                    seconds=turn.seconds,
                    seed=turn.seed,
                )
            )
    return {name: loads for name, loads in seen.items() if loads}


def best(turns: Iterable[Load]) -> Load:
    return max(turns, key=lambda load: load.rate)


def figures(turns: Sequence[Load]) -> list[str]:
    load = best(turns)
    times = [f"{each:.2f}" for each in load.milliseconds(50, 95, 99)]
    slowest = min(each.slowest_share for each in turns)
    processor = f"{load.processor / sum(load.counts) * 1e6:.0f}" if load.processor else ""
    errors = f"{sum(each.errors for each in turns)}"
    return [f"{load.rate:,.0f}", *times, f"{slowest:.2f}", processor, errors]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=3, help="of one turn")
    parser.add_argument("--repeats", type=int, default=3, help="turns of each")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--only", nargs="*", choices=HOT, default=list(HOT))
    parser.add_argument("--threads", nargs="*", type=int, help="only as many threads at once")
    chosen = parser.parse_args()
    console = Console(width=130)
    program = pgbench.find_pgbench()
    table = Table(
        *("function", "callers", "by", "calls/s", "p50 ms", "p95 ms", "p99 ms", "slowest"),
        *("CPU µs", "errors", "ours to it"),
        caption=f"To reach: {RATIO_TO_REACH:g} of pgbench with one thread; with 16 and 64 threads "
        "psycopg_pool's rate and p99; no errors; the slowest thread with "
        f"{SHARE_TO_REACH:g} of the median's calls or more.",
    )
    with ThrowawayPostgres() as server:
        with console.status("Loading rows ..."):
            data.load(server.url)
        console.print(
            f"PostgreSQL {server.version}, {chosen.repeats} turns of {chosen.seconds} s each, "
            f"seed {chosen.seed}, {program or 'no pgbench here: the functions alone'}"
        )
        for name in chosen.only:
            turns = [
                Turn(name, chosen.seconds, chosen.seed + 1000 * number)
                for number in range(chosen.repeats)
            ]
            for callers in chosen_callers(chosen.threads):
                seen = measure(server.url, program, turns, callers)
                ours = best(seen["triosigno_db"]).rate
                for by, loads in seen.items():
                    ratio = "" if by == "triosigno_db" else f"{ours / best(loads).rate:.2f}"
                    first = (name, str(callers)) if by == "triosigno_db" else ("", "")
                    table.add_row(*first, by, *figures(loads), ratio)
            table.add_section()
        db.disconnect()
    console.print(table)


if __name__ == "__main__":
    main()
