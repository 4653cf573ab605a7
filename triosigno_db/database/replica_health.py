"""Whether a replica is healthy: asked about once a second, with a short time limit."""

import logging
import math
import threading
import time
from typing import Any

import psycopg2

from triosigno_db.database.connection import await_answer
from triosigno_db.database.connector import open_polled
from triosigno_db.database.sqlstates import primary_message
from triosigno_db.errors import DatabaseUnavailableError
from triosigno_db.settings import Settings

logger = logging.getLogger("triosigno_db")

_RECHECK_AFTER = 1.0
"""Seconds after which a replica that answered is asked again."""

RETRY_AFTER = 5.0
"""Seconds after which a replica that did not answer is asked again."""

_PROBE_TIMEOUT = 0.5
"""Seconds for the whole probe, a connection included."""

# While the primary's WAL is received, a replica that has replayed all it received is up to date,
# however long ago the last transaction was. A role without `pg_read_all_stats` sees of the receiver
# only that there is one. What is no replica, such as one that was promoted, is behind nobody.
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
    """What is known of one replica, for all threads.

    Args:
        settings: How to reach it, and how far it may be behind.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._max_lag = settings.replica_max_lag or math.inf
        self.forget()

    def forget(self) -> None:
        """Start without any knowledge of it, as in a forked child."""
        self._probe = Probe(self._settings)
        self._asking = threading.Lock()
        self._recording = threading.Lock()
        self._is_healthy = True
        self._known_until = -math.inf

    @property
    def server(self) -> tuple[str, int] | None:
        """Host and port of the server that is asked, of several hosts the one that answered."""
        return self._probe.server

    def may_serve(self) -> bool:
        """Return whether the replica may be read, asking it where that is not known.

        One thread asks. Meanwhile the others wait for its answer where the replica was healthy,
        half a second at most, and otherwise go on without it.

        Returns:
            `False` for a replica that is skipped.
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
        """Ask the replica again before it is next read: an error may mean that it is gone."""
        self._known_until = -math.inf

    def fail(self, why: str) -> None:
        """Skip the replica for some seconds.

        Args:
            why: For the log.
        """
        self._record(why, RETRY_AFTER)

    def close(self) -> None:
        """Close the connection on which the replica is asked."""
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
            self._record("it can't tell how far it is behind", _RECHECK_AFTER)
        else:
            self._record(f"it is {lag:.1f} s behind", _RECHECK_AFTER)

    def _record(self, why_not: str | None, seconds: float) -> None:
        with self._recording:
            was_healthy, self._is_healthy = self._is_healthy, why_not is None
            self._known_until = time.monotonic() + seconds
        if was_healthy and why_not is not None:
            logger.warning("the replica %s is skipped: %s", self._settings.address, why_not)
        elif not was_healthy and why_not is None:
            logger.info("the replica %s serves again", self._settings.address)


class UnreachableError(Exception):
    """The replica did not answer; the text says why."""


class Probe:
    """A connection of its own, on which a replica is asked how far it is behind.

    It is not one of the pool's, all of which may be in use. One thread at a time may ask.

    Args:
        settings: How to reach the replica.

    Attributes:
        server: Host and port that it was last connected to, `None` before that.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.server: tuple[str, int] | None = None
        self._connection: Any = None
        self._was_up_to_date_at = -math.inf

    def lag(self) -> float:
        """Ask how far the replica is behind.

        Returns:
            The time in seconds, infinite where the replica can't tell.

        Raises:
            UnreachableError: It does not answer in half a second.
        """
        deadline = time.monotonic() + _PROBE_TIMEOUT
        try:
            is_up_to_date, since_last = self._ask(deadline)
        except (DatabaseUnavailableError, psycopg2.Error, TimeoutError) as exc:
            self.close()
            raise UnreachableError(_reason(exc)) from exc
        now = time.monotonic()
        if is_up_to_date:
            self._was_up_to_date_at = now
            return 0.0
        # After a quiet hour the last transaction is an hour old, the next one is not.
        since_last = math.inf if since_last is None else max(since_last, 0.0)
        return min(since_last, now - self._was_up_to_date_at)

    def close(self) -> None:
        """Close the connection; the next question opens another one."""
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
        return "it does not answer"
    return primary_message(exc) if isinstance(exc, psycopg2.Error) else str(exc)
