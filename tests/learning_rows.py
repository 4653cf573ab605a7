"""Rows of learners in plain SQL at given moments, a clock that stands still, and calls at once."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from threading import Barrier
from typing import Any
from uuid import uuid4

import psycopg2

import triosigno_db as db
from tests.plain_sql import run_plain

PATIENCE_SECONDS = 30


class Clock:
    """The server's clock, standing still: every statement's `now()` is the moment that was set.

    A function of this name that stands before `pg_catalog` takes the place of PostgreSQL's own.
    That needs the database's search path, which the library sets only where no pooler is between.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        [(name,)] = run_plain(url, "SELECT current_database()")
        run_plain(
            url,
            "CREATE TABLE clock AS SELECT now() AS moment;"
            "CREATE FUNCTION public.now() RETURNS timestamptz STABLE LANGUAGE sql"
            " AS 'SELECT moment FROM public.clock';"
            f'ALTER DATABASE "{name}" SET search_path = public, pg_catalog',
        )
        db.connect(f"{url}?pgbouncer=true", password_cost=4)

    @property
    def url(self) -> str:
        """Where it is."""
        return self._url

    def set(self, moment: datetime) -> datetime:
        """Set it; give the moment."""
        run_plain(self._url, "UPDATE clock SET moment = %s", (moment,))
        return moment


def to_column(moment: datetime | None) -> datetime | None:
    """Write a moment as a column holds it."""
    return moment and moment.astimezone(UTC).replace(tzinfo=None)


def add_rows(url: str, table: str, *rows: dict[str, Any]) -> None:
    """Insert rows; each has a column for every name of the first."""
    if not rows:
        return
    places = ", ".join("(" + ", ".join(["%s"] * len(rows[0])) + ")" for _ in rows)
    names = ", ".join(f'"{name}"' for name in rows[0])
    values = [
        to_column(row[name]) if isinstance(row[name], datetime) else row[name]
        for row in rows
        for name in rows[0]
    ]
    run_plain(url, f'INSERT INTO "{table}" ({names}) VALUES {places}', values)


def progress_row(user_id: str, sign_id: str, **values: Any) -> dict[str, Any]:
    """What is stored of one learner's progress with one sign."""
    moment = datetime(2020, 1, 1, tzinfo=UTC)
    return {
        "id": str(uuid4()),
        "userId": user_id,
        "signId": sign_id,
        "masteryLevel": 0,
        "lastPracticed": moment,
        "correctAttempts": 0,
        "totalAttempts": 1,
        "createdAt": moment,
        "updatedAt": moment,
        **values,
    }


def add_session(
    url: str,
    user: str,
    lesson: str,
    end: str,
    *,
    minutes: float = 10,
    xp: int = 10,
    done: bool = True,
) -> None:
    """Add a session that ends at a time, given as an SQL expression."""
    run_plain(
        url,
        f"""
        INSERT INTO "LearningSession" ("id", "userId", "lessonId", "startTime", "endTime",
            "xpEarned", "completed")
        SELECT gen_random_uuid(), %s, %s, moment - %s * interval '1 minute', moment, %s, %s
        FROM (SELECT ({end})::timestamp(3) AS moment) AS given
        """,
        (user, lesson, minutes, xp, done),
    )


def run_at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Make calls at once, each in a thread of its own; give what they return, or their errors."""
    barrier = Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait(PATIENCE_SECONDS)
        return call()

    with ThreadPoolExecutor(len(calls)) as executor:
        return [outcome_of(made) for made in [executor.submit(run, call) for call in calls]]


def run_during(url: str, statement: str, values: Any, *calls: Callable[[], Any]) -> list[Any]:
    """Run a statement, make calls that it makes wait, and commit it once all of them do."""
    with ThreadPoolExecutor(len(calls)) as executor:
        with uncommitted(url, statement, values):
            made = [executor.submit(call) for call in calls]
            _wait_until_all_wait(url, made)
        return [outcome_of(each) for each in made]


@contextmanager
def uncommitted(url: str, statement: str, values: Any) -> Iterator[None]:
    """Run a statement in a transaction that lasts for the block, and is committed at its end."""
    with closing(psycopg2.connect(url)) as connection:
        with connection.cursor() as cursor:
            cursor.execute(statement, values)
        yield
        connection.commit()


def outcome_of(made: "Future[Any]") -> Any:
    """Give what a call returned, or the library's error that it raised."""
    try:
        return made.result(PATIENCE_SECONDS)
    except db.TrioSignoDBError as error:
        return error


def _wait_until_all_wait(url: str, made: "list[Future[Any]]") -> None:
    # Nothing but the server's own view tells that a backend has begun to wait.
    deadline = time.monotonic() + PATIENCE_SECONDS
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    )
    while run_plain(url, waiting) != [(len(made),)]:
        for each in made:
            assert not each.done(), f"a call did not wait: {outcome_of(each)!r}"
        assert time.monotonic() < deadline, "the calls do not wait"
        time.sleep(0.01)
