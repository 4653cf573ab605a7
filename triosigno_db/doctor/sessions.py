"""Sessions: how many there are, which hang, which wait for which."""

from collections.abc import Iterator
from datetime import timedelta

from triosigno_db.doctor.context import Examination
from triosigno_db.doctor.findings import Finding

SUBJECT = "sessions"

NEARLY_ALL = 0.8
"""From which part of the connections on their number is told."""

# What others do is hidden from a role that is not a member of pg_read_all_stats; that they are
# there, and as whom, is not.
_CONNECTIONS = """
SELECT count(*), count(*) FILTER (WHERE backend_type IS NULL),
       current_setting('max_connections')::int
       - current_setting('superuser_reserved_connections')::int
       - coalesce(current_setting('reserved_connections', true)::int, 0)
FROM pg_stat_activity
WHERE usesysid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend'
"""
_SESSIONS = """
SELECT pid, usename, application_name, state,
       extract(epoch FROM clock_timestamp()
               - CASE state WHEN 'active' THEN query_start ELSE state_change END)
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
  AND backend_type = 'client backend'
  AND state IN ('active', 'idle in transaction', 'idle in transaction (aborted)')
ORDER BY 5 DESC
"""
# From version 14 on the lock itself knows since when it is waited for.
_BLOCKED = """
SELECT l.pid, a.application_name, pg_blocking_pids(l.pid),
       extract(epoch FROM clock_timestamp()
               - coalesce((to_jsonb(l) ->> 'waitstart')::timestamptz, a.query_start))
FROM (SELECT DISTINCT ON (pid) * FROM pg_locks WHERE NOT granted ORDER BY pid) l
JOIN pg_stat_activity a ON a.pid = l.pid
WHERE a.datname = current_database()
ORDER BY l.pid
"""


def examine_connections(examination: Examination) -> Iterator[Finding]:
    """Count the connections.

    Args:
        examination: Where to look.

    Yields:
        What is found.
    """
    with examination.reading() as session:
        ((used, hidden, most),) = session.run(_CONNECTIONS)
    is_scarce = used >= NEARLY_ALL * most
    yield Finding(
        SUBJECT,
        "warning" if is_scarce else "ok",
        f"{used} of {most} connections are in use.",
        "Lower connection_limit in the services, put PgBouncer between, or raise max_connections."
        if is_scarce
        else "",
    )
    if hidden:
        yield Finding(
            SUBJECT,
            "unknown",
            f"What {hidden} of them do is hidden from this role.",
            "GRANT pg_read_all_stats lets a role see it.",
        )


def examine_activity(examination: Examination) -> Iterator[Finding]:
    """Look for statements that run for long, and for transactions that idle.

    Args:
        examination: Where to look.

    Yields:
        What is found.
    """
    limit = examination.limits.long_after
    with examination.reading() as session:
        rows = session.run(_SESSIONS)
    old = [row for row in rows if row[-1] is not None and row[-1] >= limit.total_seconds()]
    running = tuple(_tell(*row) for row in old if row[3] == "active")
    idle = tuple(_tell(*row) for row in old if row[3] != "active")
    if running:
        yield Finding(
            SUBJECT,
            "warning",
            f"{_statements(len(running))} for {_span(limit)} or longer.",
            "SELECT pg_cancel_backend(<process>) ends the statement.",
            running,
        )
    if idle:
        yield Finding(
            SUBJECT,
            "warning",
            f"{_transactions(len(idle))} idle for {_span(limit)} or longer: they keep locks, and "
            "dead rows from being removed.",
            "Find who forgot to end it; SELECT pg_terminate_backend(<process>) ends the session.",
            idle,
        )


def examine_waits(examination: Examination) -> Iterator[Finding]:
    """Look for sessions that wait for another's lock.

    Args:
        examination: Where to look.

    Yields:
        What is found; nothing where none waits.
    """
    with examination.reading() as session:
        rows = session.run(_BLOCKED)
    blocked = tuple(_tell_wait(*row) for row in rows if row[2])
    if blocked:
        yield Finding(
            SUBJECT,
            "warning",
            f"{_sessions(len(blocked))} for another's lock.",
            "If it does not pass: SELECT pg_terminate_backend(<the process that is waited for>).",
            blocked,
        )


def _tell(process: int, role: str, application: str, state: str, seconds: float) -> str:
    return f"process {process} ({application or 'no name'}) of {role}: {state} for {seconds:.1f} s"


def _tell_wait(
    process: int, application: str | None, holders: list[int], seconds: float | None
) -> str:
    name = f" ({application})" if application else ""
    since = f" since {seconds:.1f} s" if seconds is not None else ""
    # A prepared transaction has no process; PostgreSQL gives 0.
    held_by = ", ".join(f"process {pid}" if pid else "a prepared transaction" for pid in holders)
    return f"process {process}{name} waits for {held_by}{since}"


def _span(limit: timedelta) -> str:
    return f"{limit.total_seconds():g} s"


def _statements(number: int) -> str:
    return "1 statement runs" if number == 1 else f"{number} statements run"


def _transactions(number: int) -> str:
    return "1 transaction is" if number == 1 else f"{number} transactions are"


def _sessions(number: int) -> str:
    return "1 session waits" if number == 1 else f"{number} sessions wait"
