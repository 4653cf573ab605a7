"""Health: whether the server answers, and what the pool does and has done."""

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
    """Ask the server for an answer, on a connection of its own that is closed afterwards.

    It takes no connection of the pool, so that a busy service is not mistaken for one that has lost
    its database. Looking up a host name is not part of the time limit.

    Args:
        timeout: The limit for connecting and asking, over 0 to 60 seconds.

    Returns:
        How long that took, in seconds.

    Raises:
        DatabaseUnavailableError: The server can't be reached, refuses the login, or has not
            answered in time.
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
        late = f"The server has not answered within {timeout:g} s."
        raise DatabaseUnavailableError(late) from None
    return time.monotonic() - started


def pool_status() -> PoolStatus:
    """Count the connections of this process's pool.

    Returns:
        The current counts.

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
