"""Measure the functions on ever more rows of progress: `make bench WHAT=growth`.

Each size is a database of its own on one server, and they take turns: what slows the machine down
slows all of them down. A learner has practised 100 signs at every size, so that it is the tables
that grow and not what a call reads of them.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

import triosigno_db as db
from tests.benchmarks import data
from tests.benchmarks.calls import HOT, Rows
from triosigno_db.testing import ThrowawayPostgres

SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
PROGRESS_PER_USER = 100
TURNS = 10
WARM_UP = 50
TO_REACH = 1.5

# What a server of a gigabyte's memory and more is given; the rest is the system's own cache.
SERVER_SETTINGS = {
    "shared_buffers": "512MB",
    "maintenance_work_mem": "512MB",
    "max_wal_size": "8GB",
}

Call = Callable[[random.Random, Rows], object]

CALLS: dict[str, Call] = {
    **{name: called.call for name, called in HOT.items()},
    "get_learner_summary": lambda choice, rows: db.get_learner_summary(
        data.a_user(choice, rows.users)
    ),
}


class Grown(NamedTuple):
    """A database of one size.

    Attributes:
        size: Its rows of progress.
        url: Where it is.
        rows: What to draw arguments from.
        times: The seconds of each call, by function.
    """

    size: int
    url: str
    rows: Rows
    times: dict[str, list[float]]


def grow(server: ThrowawayPostgres, size: int) -> Grown:
    """Make a database of a size."""
    rows = Rows(users=size // PROGRESS_PER_USER, progress_per_user=PROGRESS_PER_USER)
    url = server.create_database(f"growth_{size}")
    data.load(url, *rows)
    db.disconnect()
    return Grown(size, url, rows, {name: [] for name in CALLS})


def timed(name: str, rows: Rows, rounds: int, choice: random.Random) -> list[float]:
    """Call a function in the connected database, and give the seconds of each call."""
    call, times = CALLS[name], []
    for _ in range(WARM_UP):
        call(choice, rows)
    for _ in range(rounds):
        started = time.perf_counter()
        call(choice, rows)
        times.append(time.perf_counter() - started)
    return times


def measure(databases: Sequence[Grown], rounds: int, seed: int) -> None:
    """Call each function in each database, turn by turn, and keep the times there."""
    choice = random.Random(seed)
    for _ in range(TURNS):
        for database in databases:
            db.connect(database.url)
            for name, times in database.times.items():
                times.extend(timed(name, database.rows, max(1, rounds // TURNS), choice))
            db.disconnect()


def median(database: Grown, name: str) -> float:
    return statistics.median(database.times[name]) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2000, help="calls of each at each size")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument(
        "--largest",
        type=int,
        default=1_000_000,
        choices=SIZES,
        help="10000000 takes 5 GB of disk and several minutes more",
    )
    chosen = parser.parse_args()
    console = Console(width=130)
    sizes = [size for size in SIZES if size <= chosen.largest]
    with ThrowawayPostgres(settings=SERVER_SETTINGS) as server:
        databases = []
        for size in sizes:
            with console.status(f"Loading {size:,} rows of progress ..."):
                started = time.monotonic()
                databases.append(grow(server, size))
            users = f"{databases[-1].rows.users:,} learners"
            console.print(f"{size:,} rows, {users}: made in {time.monotonic() - started:.0f} s")
        measure(databases, chosen.rounds, chosen.seed)
        title = (
            f"PostgreSQL {server.version}, p50 in ms of {chosen.rounds} calls, seed {chosen.seed}"
        )
        columns = [f"{size:,} rows" for size in sizes]
        table = Table("function", *columns, "last / first", "to reach", title=title)
        for name in CALLS:
            medians = [median(database, name) for database in databases]
            figures = [f"{each:.3f}" for each in medians]
            table.add_row(name, *figures, f"{medians[-1] / medians[0]:.2f}", f"{TO_REACH:g}")
    console.print(table)


if __name__ == "__main__":
    main()
