"""Check the sessions: connection count, long statements, idle transactions, lock waits."""

from collections.abc import Iterator
from datetime import timedelta

from triosigno_db.doctor.context import CheckContext
from triosigno_db.doctor.findings import Finding

SUBJECT = "sessions"

NEARLY_ALL = 0.8
"""The share of the connections in use that causes a warning."""

# A role that is not a member of pg_read_all_stats sees the roles of other sessions, but not their
# activity.
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
# PostgreSQL 14 and newer record the start of the wait.
_BLOCKED = """
SELECT l.pid, a.application_name, pg_blocking_pids(l.pid),
       extract(epoch FROM clock_timestamp()
               - coalesce((to_jsonb(l) ->> 'waitstart')::timestamptz, a.query_start))
FROM (SELECT DISTINCT ON (pid) * FROM pg_locks WHERE NOT granted ORDER BY pid) l
JOIN pg_stat_activity a ON a.pid = l.pid
WHERE a.datname = current_database()
ORDER BY l.pid
"""


def check_connection_count(context: CheckContext) -> Iterator[Finding]:
    """Count the connections.

    Args:
        context: The context of the checks.

    Yields:
        The findings.
    """
    with context.reading() as session:
        ((used, hidden, maximum),) = session.run(_CONNECTIONS)
    is_scarce = used >= NEARLY_ALL * maximum
    yield Finding(
        SUBJECT,
        "warning" if is_scarce else "ok",
        f"{used} of {maximum} connections are in use.",
        "Lower connection_limit in the services, use PgBouncer, or raise max_connections."
        if is_scarce
        else "",
    )
    if hidden:
        yield Finding(
            SUBJECT,
            "unknown",
            f"The activity of {hidden} of them is hidden from this role.",
            "Grant pg_read_all_stats to the role to see it.",
        )


def check_activity(context: CheckContext) -> Iterator[Finding]:
    """Find long-running statements and idle transactions.

    Args:
        context: The context of the checks.

    Yields:
        The findings.
    """
    limit = context.limits.long_after
    with context.reading() as session:
        rows = session.run(_SESSIONS)
    old = [row for row in rows if row[-1] is not None and row[-1] >= limit.total_seconds()]
    running = tuple(_describe(*row) for row in old if row[3] == "active")
    idle = tuple(_describe(*row) for row in old if row[3] != "active")
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
            f"{_transactions(len(idle))} idle for {_span(limit)} or longer: they hold locks, and "
            "prevent the removal of dead rows.",
            "Find the code that does not end the transaction; "
            "SELECT pg_terminate_backend(<process>) ends the session.",
            idle,
        )


def check_waits(context: CheckContext) -> Iterator[Finding]:
    """Find sessions that wait for a lock of another session.

    Args:
        context: The context of the checks.

    Yields:
        The finding, if there are such sessions.
    """
    with context.reading() as session:
        rows = session.run(_BLOCKED)
    blocked = tuple(_describe_wait(*row) for row in rows if row[2])
    if blocked:
        yield Finding(
            SUBJECT,
            "warning",
            f"{_sessions(len(blocked))} for a lock of another session.",
            "If the wait does not end: SELECT pg_terminate_backend(<the blocking process>).",
            blocked,
        )


def _describe(process: int, role: str, application: str, state: str, seconds: float) -> str:
    return f"process {process} ({application or 'no name'}) of {role}: {state} for {seconds:.1f} s"


def _describe_wait(
    process: int, application: str | None, holders: list[int], seconds: float | None
) -> str:
    name = f" ({application})" if application else ""
    since = f" for {seconds:.1f} s" if seconds is not None else ""
    # A prepared transaction has no process; PostgreSQL reports 0.
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
