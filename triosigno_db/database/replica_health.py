"""The health of a replica: probed about once a second, with a short time limit."""

import logging
import math
import threading
import time
from typing import Any

import psycopg2

from triosigno_db.database.connection import await_answer
from triosigno_db.database.connector import open_polled
from triosigno_db.database.logs import log
from triosigno_db.database.sqlstates import primary_message
from triosigno_db.errors import DatabaseUnavailableError
from triosigno_db.settings import Settings

_RECHECK_AFTER = 1.0
"""Seconds after which a replica that responded is probed again."""

RETRY_AFTER = 5.0
"""Seconds after which a replica that did not respond is probed again."""

PROBE_TIMEOUT = 0.5
"""The time limit of a probe in seconds, including the connection."""

# While it receives WAL from the primary, a replica that has replayed all of it is up to date,
# however old the last transaction is. A role without `pg_read_all_stats` sees only that there is a
# WAL receiver. A server that is not a replica, such as a promoted one, has no lag.
_LAG = """
SELECT
    NOT pg_is_in_recovery()
    OR coalesce(pg_last_wal_receive_lsn() <= pg_last_wal_replay_lsn(), false)
    AND EXISTS (
        SELECT FROM pg_stat_wal_receiver WHERE coalesce(status, 'streaming') = 'streaming'
    ),
    extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::double precision
"""


class ReplicaHealth:
    """The health of one replica, shared by all threads.

    Args:
        settings: How to connect to the replica, and its maximum lag.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._max_lag = settings.replica_max_lag or math.inf
        self.forget()

    def forget(self) -> None:
        """Reset all state, as needed in a forked child."""
        self._probe = Probe(self._settings)
        self._asking = threading.Lock()
        self._recording = threading.Lock()
        self._is_healthy = True
        self._known_until = -math.inf

    @property
    def server(self) -> tuple[str, int] | None:
        """The host and port of the probed server; with several hosts, the one that responded."""
        return self._probe.server

    def may_serve(self) -> bool:
        """Return whether the replica may be read; probe it if that is not known.

        One thread probes it. If the replica was healthy, other threads wait for the result, at most
        half a second; otherwise they continue without the replica.

        Returns:
            `False` if the replica is skipped.
        """
        if time.monotonic() < self._known_until:
            return self._is_healthy
        if not self._asking.acquire(blocking=self._is_healthy):
            return False
        try:
            if time.monotonic() >= self._known_until:
                self._ask()
            return self._is_healthy
        finally:
            self._asking.release()

    def invalidate(self) -> None:
        """Probe the replica again before the next read: an error may mean that it is gone."""
        self._known_until = -math.inf

    def fail(self, why: str) -> None:
        """Skip the replica for some seconds.

        Args:
            why: The reason, for the log.
        """
        self._record(why, RETRY_AFTER)

    def close(self) -> None:
        """Close the connection of the probe."""
        with self._asking:
            self._probe.close()

    def _ask(self) -> None:
        try:
            lag = self._probe.lag()
        except UnreachableError as exc:
            self.fail(str(exc))
            return
        if lag <= self._max_lag:
            self._record(None, _RECHECK_AFTER)
        elif math.isinf(lag):
            self._record("its lag is unknown", _RECHECK_AFTER)
        else:
            self._record(f"its lag is {lag:.1f} s", _RECHECK_AFTER)

    def _record(self, why_not: str | None, seconds: float) -> None:
        with self._recording:
            was_healthy, self._is_healthy = self._is_healthy, why_not is None
            self._known_until = time.monotonic() + seconds
        if was_healthy and why_not is not None:
            log(logging.WARNING, "the replica %s is skipped: %s", self._settings.address, why_not)
        elif not was_healthy and why_not is None:
            log(logging.INFO, "the replica %s is used again", self._settings.address)


class UnreachableError(Exception):
    """The replica did not respond; the message gives the reason."""


class Probe:
    """Measures the lag of a replica, on a separate connection.

    A connection of the pool is not used, because all of them may be in use. Only one thread at a
    time may use the probe.

    Args:
        settings: How to connect to the replica.

    Attributes:
        server: The host and port of the last connection, or `None` before the first.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.server: tuple[str, int] | None = None
        self._connection: Any = None
        self._was_up_to_date_at = -math.inf

    def lag(self) -> float:
        """Measure the lag of the replica.

        Returns:
            The lag in seconds; infinite if it is unknown.

        Raises:
            UnreachableError: The replica did not respond within half a second.
        """
        deadline = time.monotonic() + PROBE_TIMEOUT
        try:
            is_up_to_date, since_last = self._ask(deadline)
        except (DatabaseUnavailableError, psycopg2.Error, TimeoutError) as exc:
            self.close()
            raise UnreachableError(_reason(exc)) from exc
        now = time.monotonic()
        if is_up_to_date:
            self._was_up_to_date_at = now
            return 0.0
        # If the primary was idle, the last transaction may be much older than the lag.
        since_last = math.inf if since_last is None else max(since_last, 0.0)
        return min(since_last, now - self._was_up_to_date_at)

    def close(self) -> None:
        """Close the connection; the next probe opens another one."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _ask(self, deadline: float) -> Any:
        if self._connection is None:
            self._connection = open_polled(self._settings, deadline)
            self.server = (self._connection.info.host, self._connection.info.port)
        with self._connection.cursor() as cursor:
            cursor.execute(_LAG)
            await_answer(self._connection, deadline)
            return cursor.fetchone()


def _reason(exc: DatabaseUnavailableError | psycopg2.Error | TimeoutError) -> str:
    if isinstance(exc, TimeoutError):
        return "it does not respond"
    return primary_message(exc) if isinstance(exc, psycopg2.Error) else str(exc)
