"""Health checks: ping the server, and report the state and the counters of the pool."""

import time
from contextlib import closing

from triosigno_db.arguments import check_seconds
from triosigno_db.database.connection import await_answer
from triosigno_db.database.connector import open_polled
from triosigno_db.database.execution import translated
from triosigno_db.database.lifecycle import connected_database
from triosigno_db.database.pool import PoolStats, PoolStatus
from triosigno_db.errors import DatabaseUnavailableError

MAX_PING_SECONDS = 60.0


def ping(*, timeout: float = 1.0) -> float:
    """Check that the server responds, on a separate connection that is closed afterwards.

    No connection of the pool is used, so a busy service does not look like one that has lost its
    database. The time limit does not include the lookup of the host name.

    Args:
        timeout: The time limit for connecting and the query, above 0 and up to 60 seconds.

    Returns:
        The duration in seconds.

    Raises:
        DatabaseUnavailableError: The server can't be reached, refuses the login, or did not
            respond in time.
        SchemaMismatchError: The database was replaced by one whose encoding is not UTF8.
        InvalidInputError: `timeout` is out of bounds.
        NotConnectedError: `connect()` was not called.
    """
    check_seconds("timeout", timeout, maximum=MAX_PING_SECONDS)
    settings = connected_database().settings
    started = time.monotonic()
    deadline = started + timeout
    try:
        with translated(), closing(open_polled(settings, deadline)) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT 1")
            await_answer(connection, deadline)
    except TimeoutError:
        late = f"The server did not respond within {timeout:g} s."
        raise DatabaseUnavailableError(late) from None
    return time.monotonic() - started


def pool_status() -> PoolStatus:
    """Return the state of the connection pool of this process.

    Returns:
        The current numbers of connections and waiting calls.

    Raises:
        NotConnectedError: `connect()` was not called.
    """
    return connected_database().pool.get_status()


def pool_stats() -> PoolStats:
    """Count what this process's pool has done since `connect()`.

    The counters only grow: a service reads them from time to time and exports the differences.

    Returns:
        The counters.

    Raises:
        NotConnectedError: `connect()` was not called.
    """
    return connected_database().pool.get_stats()
