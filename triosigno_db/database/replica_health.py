"""Whether a replica may serve: asked about once a second, without ever waiting for long."""

import logging
import math
import threading
import time
from collections.abc import Mapping
from typing import Any

import psycopg2

from triosigno_db.database.connection import await_answer
from triosigno_db.database.sqlstates import primary_message

logger = logging.getLogger("triosigno_db")

_KNOWN_FOR = 1.0
"""Seconds until a replica is asked again that answered."""

LEFT_ALONE_FOR = 5.0
"""Seconds until a replica is asked again that did not answer."""

_PATIENCE = 0.5
"""Seconds for all of it, a connection included."""

# While the primary's WAL is received, a replica that has replayed all it received is up to date,
# however long ago the last transaction was. A role without `pg_read_all_stats` sees of the receiver
# only that there is one. What is no replica, such as one that was promoted, is behind nobody.
_BEHIND = """
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
        address: What it is called in the log.
        parameters: What `psycopg2.connect` takes.
        most_lag: How far it may be behind, in seconds; 0 means that this is not looked at.
    """

    def __init__(self, address: str, parameters: Mapping[str, Any], most_lag: float) -> None:
        self._address = address
        self._parameters = parameters
        self._most_lag = most_lag or math.inf
        self.forget()

    def forget(self) -> None:
        """Know nothing, as at first and in a forked child."""
        self._probe = Probe(self._parameters)
        self._asking = threading.Lock()
        self._noting = threading.Lock()
        self._is_fit = True
        self._known_until = -math.inf

    @property
    def server(self) -> tuple[str, int] | None:
        """Host and port of the server that is asked, of several hosts the one that answered."""
        return self._probe.server

    def may_serve(self) -> bool:
        """Tell whether the replica may be read, asking it where that is not known.

        One thread asks. Meanwhile others wait for its answer where the replica has been fit, half a
        second at most, and otherwise go on without it.

        Returns:
            `False` for a replica that is passed by.
        """
        if time.monotonic() < self._known_until:
            return self._is_fit
        if not self._asking.acquire(blocking=self._is_fit):
            return False
        try:
            if time.monotonic() >= self._known_until:
                self._ask()
            return self._is_fit
        finally:
            self._asking.release()

    def doubt(self) -> None:
        """Ask again at the next occasion: something has failed that may be the replica's end."""
        self._known_until = -math.inf

    def fail(self, why: str) -> None:
        """Pass the replica by for some seconds.

        Args:
            why: For the log.
        """
        self._note(why, LEFT_ALONE_FOR)

    def close(self) -> None:
        """Close what the replica was asked on."""
        with self._asking:
            self._probe.close()

    def _ask(self) -> None:
        try:
            lag = self._probe.lag()
        except UnreachableError as exc:
            self.fail(str(exc))
            return
        if lag <= self._most_lag:
            self._note(None, _KNOWN_FOR)
        elif math.isinf(lag):
            self._note("it can't tell how far it is behind", _KNOWN_FOR)
        else:
            self._note(f"it is {lag:.1f} s behind", _KNOWN_FOR)

    def _note(self, why_not: str | None, seconds: float) -> None:
        with self._noting:
            was_fit, self._is_fit = self._is_fit, why_not is None
            self._known_until = time.monotonic() + seconds
        if was_fit and why_not is not None:
            logger.warning("the replica %s is passed by: %s", self._address, why_not)
        elif not was_fit and why_not is None:
            logger.info("the replica %s serves again", self._address)


class UnreachableError(Exception):
    """The replica did not answer; the text says why."""


class Probe:
    """A connection of its own, on which a replica is asked how far it is behind.

    It is not one of the pool's, all of which may be in use. One thread at a time may ask.

    Args:
        parameters: What `psycopg2.connect` takes.

    Attributes:
        server: Host and port that it was last connected to, `None` before that.
    """

    def __init__(self, parameters: Mapping[str, Any]) -> None:
        self._parameters = parameters
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
        deadline = time.monotonic() + _PATIENCE
        try:
            is_up_to_date, since_last = self._ask(deadline)
        except (psycopg2.Error, TimeoutError) as exc:
            self.close()
            why = primary_message(exc) if isinstance(exc, psycopg2.Error) else "it does not answer"
            raise UnreachableError(why) from exc
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
            self._connection = psycopg2.connect(**self._parameters, async_=True)
            await_answer(self._connection, deadline)
            self.server = (self._connection.info.host, self._connection.info.port)
        with self._connection.cursor() as cursor:
            cursor.execute(_BEHIND)
            await_answer(self._connection, deadline)
            return cursor.fetchone()
