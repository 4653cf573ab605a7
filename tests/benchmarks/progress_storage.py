"""Measure what the summary's index gives and what it costs: `make bench WHAT=summary_index`.

It gives one index to read in place of scattered rows, as far as `VACUUM` has written down which of
them everybody sees. It costs each attempt an entry, and the entries of all other indexes too.
"""

import argparse
import random
import statistics
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

import triosigno_db as db
from tests.benchmarks.calls import Rows
from tests.benchmarks.growth import SERVER_SETTINGS, SIZES, WARM_UP, grow, timed
from triosigno_db.database.execution import run_sql
from triosigno_db.testing import ThrowawayPostgres

SHARES = (0.0, 0.001, 0.01, 0.1)
"""How many of the rows were changed since `VACUUM`."""

TURNS = 3
INDEX = '"Progress_userId_masteryLevel_correctAttempts_totalAttempts_idx"'


def median(name: str, rows: Rows, rounds: int, choice: random.Random) -> float:
    """Call a function of the library, and tell the median in milliseconds."""
    return statistics.median(timed(name, rows, rounds, choice)) * 1000


def written_so_far() -> int:
    """Tell how many bytes of WAL the server has written."""
    ((written,),) = run_sql("SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn")
    return int(written)


def summaries_by_share(rows: Rows, rounds: int, choice: random.Random) -> list[float]:
    """Change ever more rows, drawn at random, and time the summary after each step."""
    medians = []
    for before, share in pairwise((0, *SHARES)):
        run_sql(
            'UPDATE "Progress" SET "totalAttempts" = "totalAttempts" + 1'
            f" WHERE random() < {share - before:f}"
        )
        medians.append(median("get_learner_summary", rows, rounds, choice))
    return medians


class Costs(NamedTuple):
    """Medians of calls: an attempt in milliseconds, its WAL in kilobytes, and a summary."""

    attempt: float
    written: float
    summary: float


def costs(rows: Rows, rounds: int, choice: random.Random) -> Costs:
    """Time the functions that the index is there for, or in the way of."""
    run_sql('VACUUM "Progress"')
    summary = median("get_learner_summary", rows, rounds, choice)
    before = written_so_far()
    attempt = median("record_attempt", rows, rounds, choice)
    written = (written_so_far() - before) / (WARM_UP + rounds) / 1000
    return Costs(attempt, written, summary)


def with_and_without(rows: Rows, rounds: int, choice: random.Random) -> tuple[Costs, Costs]:
    """Tell the costs with the index and without it: the medians of several turns."""
    ((definition,),) = run_sql(f"SELECT pg_get_indexdef('{INDEX}'::regclass)")
    kept, dropped = [], []
    for _ in range(TURNS):
        kept.append(costs(rows, rounds, choice))
        run_sql(f"DROP INDEX {INDEX}")
        dropped.append(costs(rows, rounds, choice))
        run_sql(definition)
    return _medians(kept), _medians(dropped)


def _medians(turns: Sequence[Costs]) -> Costs:
    return Costs(*(statistics.median(each) for each in zip(*turns, strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=2000, help="calls of each function at a time")
    parser.add_argument("--seed", type=int, default=2026)
    parser.add_argument("--size", type=int, default=1_000_000, choices=SIZES, help="rows")
    chosen = parser.parse_args()
    choice = random.Random(chosen.seed)
    console = Console(width=100)
    # What is measured is how long the last VACUUM is ago.
    with ThrowawayPostgres(settings={**SERVER_SETTINGS, "autovacuum": "off"}) as server:
        with console.status(f"Loading {chosen.size:,} rows of progress ..."):
            database = grow(server, chosen.size)
        db.connect(database.url, statement_timeout=0, slow_statement=0)
        by_share = summaries_by_share(database.rows, chosen.rounds, choice)
        compared = with_and_without(database.rows, chosen.rounds, choice)
        db.disconnect()
    title = f"PostgreSQL {server.version}, {chosen.size:,} rows of progress, seed {chosen.seed}"
    table = Table("rows changed since VACUUM", *(f"{each:.1%}" for each in SHARES), title=title)
    table.add_row("get_learner_summary, p50 ms", *(f"{each:.2f}" for each in by_share))
    console.print(table)
    table = Table(
        "the index", "record_attempt, p50 ms", "its WAL, kB", "get_learner_summary, p50 ms"
    )
    for name, figures in zip(("with", "without"), compared, strict=True):
        table.add_row(name, *(f"{each:.2f}" for each in figures))
    console.print(table)


if __name__ == "__main__":
    main()
