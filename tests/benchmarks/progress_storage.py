"""Measure how the rows of progress are best stored: `make bench WHAT=progress_storage`.

Learners practise: twenty attempts at signs of their own, then a summary. An index for the summary
makes every attempt write to all of the table's indexes, as it holds columns that an attempt
changes; without one, PostgreSQL can keep the new version of a row on the page of the old one (HOT),
if there is room, which the fill factor leaves.
"""

import argparse
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

import triosigno_db as db
from tests.benchmarks.calls import Rows
from tests.benchmarks.data import a_sign, a_user
from tests.benchmarks.growth import SERVER_SETTINGS, SIZES, grow
from triosigno_db.database.execution import run_sql
from triosigno_db.testing import ThrowawayPostgres

ATTEMPTS = 20
"""Attempts to one summary."""

CORRECT = 0.8
"""The share of correct attempts."""

INDEX = """
CREATE INDEX summary ON "Progress"("userId", "masteryLevel", "correctAttempts", "totalAttempts")
"""


class Storage(NamedTuple):
    """A way to store the table.

    Attributes:
        fill_factor: The percentage of a page that inserts fill.
        has_index: Whether there is an index for the summary.
    """

    fill_factor: int
    has_index: bool = False

    def __str__(self) -> str:
        """Return the name of a row of the result."""
        return f"fill factor {self.fill_factor}{', with the index' if self.has_index else ''}"


STORAGES = (
    Storage(100, has_index=True),
    *map(Storage, (100, 95, 90, 85, 80, 70)),
)


class Costs(NamedTuple):
    """What a learner's practice costs.

    Attributes:
        attempt: Milliseconds of an attempt, on average.
        summary: Milliseconds of a summary, on average.
        first_written: Kilobytes of WAL of an attempt of the first tenth of the learners, after a
            checkpoint: with the images of whole pages.
        written: Kilobytes of WAL of an attempt of the others.
        hot: The share of attempts whose row stayed on its page, without new entries in indexes.
        megabytes: The size of the table with its indexes in the end.
    """

    attempt: float
    summary: float
    first_written: float
    written: float
    hot: float
    megabytes: float

    @property
    def total(self) -> float:
        """Milliseconds of twenty attempts and a summary."""
        return ATTEMPTS * self.attempt + self.summary


@contextmanager
def stored(storage: Storage) -> Iterator[None]:
    """Store the table in a way, as if it had been loaded like that."""
    run_sql(f'ALTER TABLE "Progress" SET (fillfactor = {storage.fill_factor})')
    run_sql('VACUUM FULL "Progress"')
    if storage.has_index:
        run_sql(INDEX)
    run_sql('VACUUM ANALYZE "Progress"')
    run_sql("SELECT pg_stat_reset()")
    yield
    run_sql("DROP INDEX IF EXISTS summary")


class Times(NamedTuple):
    """Seconds of attempts and of summaries."""

    attempts: float
    summaries: float


def costs(storage: Storage, rows: Rows, learners: int, seed: int) -> Costs:
    """Let learners practise with the table stored in a way."""
    choice = random.Random(seed)
    first = learners // 10
    with stored(storage):
        run_sql("CHECKPOINT")
        started = written_so_far()
        earlier = practise(rows, first, choice)
        warmed_up = written_so_far()
        later = practise(rows, learners - first, choice)
        ended = written_so_far()
        return Costs(
            1000 * (earlier.attempts + later.attempts) / (learners * ATTEMPTS),
            1000 * (earlier.summaries + later.summaries) / learners,
            (warmed_up - started) / (first * ATTEMPTS) / 1000,
            (ended - warmed_up) / ((learners - first) * ATTEMPTS) / 1000,
            hot_share(learners * ATTEMPTS),
            size(),
        )


def practise(rows: Rows, learners: int, choice: random.Random) -> Times:
    """Let learners try twenty signs and read their summary, one after another."""
    attempts = summaries = 0.0
    for _ in range(learners):
        user = a_user(choice, rows.users)
        started = time.perf_counter()
        for _ in range(ATTEMPTS):
            sign = a_sign(choice, rows.progress_per_user)
            db.record_attempt(user, sign, is_correct=choice.random() < CORRECT)
        practised = time.perf_counter()
        db.get_learner_summary(user)
        attempts += practised - started
        summaries += time.perf_counter() - practised
    return Times(attempts, summaries)


def written_so_far() -> int:
    """Return how many bytes of WAL the server has written."""
    ((written,),) = run_sql("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
    return int(written)


def hot_share(updates: int) -> float:
    """Return the share of the updates whose row stayed on its page, when all are counted."""
    counted = "SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'Progress'"
    while True:
        # A session reports what it has counted once a second.
        db.ping()
        ((found, hot),) = run_sql(counted)
        if found >= updates:
            return float(hot / found)


def size() -> float:
    """Return the megabytes of the table with its indexes."""
    ((total,),) = run_sql("SELECT pg_total_relation_size('\"Progress\"')")
    return float(total / 1_000_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--learners", type=int, default=2000, help="who practise, one by one")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--size", type=int, default=100_000, choices=SIZES, help="rows")
    chosen = parser.parse_args()
    console = Console(width=120)
    # The rows that are seen are the same in every turn: nothing but the practice changes them.
    settings = {**SERVER_SETTINGS, "autovacuum": "off", "full_page_writes": "on"}
    with ThrowawayPostgres(settings=settings) as server:
        with console.status(f"Loading {chosen.size:,} rows of progress ..."):
            database = grow(server, chosen.size)
        db.connect(database.url, statement_timeout=0, slow_statement=0)
        title = f"PostgreSQL {server.version}, {chosen.size:,} rows, {chosen.learners} learners"
        table = Table("Progress", "attempt, ms", "summary, ms", "20 and 1, ms", title=title)
        for name in ("after a checkpoint, kB", "WAL an attempt, kB", "HOT", "MB"):
            table.add_column(name)
        for storage in STORAGES:
            found = costs(storage, database.rows, chosen.learners, chosen.seed)
            figures = (found.attempt, found.summary, found.total)
            figures += (found.first_written, found.written)
            table.add_row(
                str(storage),
                *(f"{each:.2f}" for each in figures),
                f"{found.hot:.1%}",
                f"{found.megabytes:.0f}",
            )
        db.disconnect()
    console.print(table)


if __name__ == "__main__":
    main()
