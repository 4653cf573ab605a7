"""Calls at once: started together by a barrier, or made to meet while one is not committed yet."""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

import triosigno_db as db
from tests.plain_sql import run_plain

Call = Callable[[], Any]

PATIENCE_SECONDS = 60
LOOK_EVERY_SECONDS = 0.002

WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


def at_once(*calls: Call) -> list[Any]:
    """Start calls together, each in a thread; give what each returned or raised."""
    barrier = threading.Barrier(len(calls))

    def run(call: Call) -> Any:
        barrier.wait(PATIENCE_SECONDS)
        return outcome_of(call)

    with ThreadPoolExecutor(len(calls)) as threads:
        return list(threads.map(run, calls))


def before_the_commit(url: str, first: Call, second: Call) -> tuple[Any, Any]:
    """Make a call in a transaction that is committed when a second call has ended or waits."""
    with ThreadPoolExecutor(1) as thread:
        with db.transaction():
            given = first()
            later = thread.submit(outcome_of, second)
            _wait_until_blocked(url, later)
        return given, later.result(PATIENCE_SECONDS)


def in_an_older_snapshot(meanwhile: Call, call: Call) -> Any:
    """Make a call in a transaction whose snapshot is older than what another call committed."""
    with ThreadPoolExecutor(1) as thread:

        def run() -> Any:
            with db.transaction("repeatable read"):
                db.count_users()
                thread.submit(meanwhile).result(PATIENCE_SECONDS)
                return call()

        return outcome_of(run)


def outcome_of(call: Call) -> Any:
    """Give what a call returns, or the library's error that it raises."""
    try:
        return call()
    except db.TrioSignoDBError as error:
        return error


def errors_in(outcomes: Iterable[Any]) -> list[db.TrioSignoDBError]:
    """Give the outcomes that are errors."""
    return [outcome for outcome in outcomes if isinstance(outcome, db.TrioSignoDBError)]


def count(url: str, table: str, condition: str = "true") -> int:
    """Count rows of a table."""
    ((found,),) = run_plain(url, f'SELECT count(*) FROM "{table}" WHERE {condition}')
    return int(found)


def orders(url: str, table: str, condition: str = "true") -> list[int]:
    """List the orders that are stored, lowest first."""
    rows = run_plain(url, f'SELECT "order" FROM "{table}" WHERE {condition} ORDER BY 1')
    return [order for (order,) in rows]


def _wait_until_blocked(url: str, later: "Future[Any]") -> None:
    while not wait([later], LOOK_EVERY_SECONDS).done:
        ((waiting,),) = run_plain(url, WAITING)
        if waiting:
            return
