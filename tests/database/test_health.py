"""Health: pings and the pool's counts, while the database is busy, away or silent."""

import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

import triosigno_db as db
from tests.plain_sql import run_plain
from triosigno_db.database.execution import run_sql
from triosigno_db.database.lifecycle import current_database
from triosigno_db.testing import IsolatedDatabase, ThrowawayPostgres
from triosigno_db.testing.factories import make_category


@pytest.fixture
def silent_url(triosigno_url: str) -> Iterator[str]:
    """The URL of a port that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield triosigno_url.replace(
            f":{urlsplit(triosigno_url).port}/", f":{listener.getsockname()[1]}/"
        )


def test_a_ping_tells_how_long_it_took(triosigno_db: IsolatedDatabase) -> None:
    assert 0 < db.ping() < 1


def test_a_ping_leaves_nothing_behind(triosigno_db: IsolatedDatabase) -> None:
    before = db.pool_status()
    for _ in range(3):
        db.ping()
    assert db.pool_status() == before
    sessions = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
    # The one that asks, and the one that connect() opened.
    while (count := run_plain(triosigno_db.url, sessions)) != [(2,)]:
        assert count > [(2,)]


def test_a_ping_needs_no_place_in_the_pool(triosigno_url: str) -> None:
    db.connect(triosigno_url, connection_limit=1)
    with db.connection():
        assert db.ping() > 0
        with db.transaction():
            assert db.ping() > 0


def test_a_server_that_is_away_is_told_at_once(triosigno_url: str) -> None:
    with ThrowawayPostgres() as server:
        db.connect(server.url)
    with pytest.raises(db.DatabaseUnavailableError):
        db.ping(timeout=60)


def test_a_server_that_says_nothing_is_given_up(
    triosigno_db: IsolatedDatabase, silent_url: str
) -> None:
    settings = db.Settings.load(silent_url)
    current = current_database()
    earlier, current.settings = current.settings, settings
    try:
        with pytest.raises(db.DatabaseUnavailableError, match=r"within 0\.2 s"):
            db.ping(timeout=0.2)
    finally:
        current.settings = earlier


@pytest.mark.parametrize("timeout", [0, -1, 61, "1", None, True, float("nan")])
def test_a_wrong_limit_is_named(triosigno_db: IsolatedDatabase, timeout: float) -> None:
    with pytest.raises(db.InvalidInputError) as caught:
        db.ping(timeout=timeout)
    assert caught.value.field == "timeout"


def test_without_a_connection_there_is_nothing_to_ask() -> None:
    for ask in (db.ping, db.pool_stats, db.pool_status):
        with pytest.raises(db.NotConnectedError):
            ask()


def test_the_pool_is_counted(triosigno_url: str) -> None:
    db.connect(triosigno_url, connection_limit=2)
    assert db.pool_status() == db.PoolStatus(limit=2, in_use=0, idle=1, opening=0, waiting=0)
    may_end, are_in = threading.Event(), threading.Barrier(3)

    def hold() -> None:
        with db.connection():
            run_sql("SELECT 1")
            are_in.wait()
            may_end.wait()

    holders = [threading.Thread(target=hold) for _ in range(2)]
    for thread in holders:
        thread.start()
    are_in.wait()
    assert db.pool_status() == (2, 2, 0, 0, 0)
    waiter = threading.Thread(target=make_category)
    waiter.start()
    while db.pool_status().waiting == 0:
        assert waiter.is_alive()
    assert db.pool_status() == (2, 2, 0, 0, 1)
    may_end.set()
    for thread in (*holders, waiter):
        thread.join()
    assert db.pool_status() == (2, 0, 2, 0, 0)


def test_what_the_pool_has_done_is_counted(triosigno_url: str) -> None:
    db.connect(triosigno_url, connection_limit=1, pool_timeout=0.05)
    before = db.pool_stats()
    assert before == db.PoolStats(
        requests=1, waits=0, wait_seconds=0, timeouts=0, opened=1, lost=0, errors=0
    )
    raised = []

    def wait_in_vain() -> None:
        try:
            make_category()
        except db.PoolTimeoutError as exc:
            raised.append(exc)

    with db.connection():
        run_sql("SELECT 1")
        waiter = threading.Thread(target=wait_in_vain)
        waiter.start()
        waiter.join()
    assert len(raised) == 1
    after = db.pool_stats()
    assert after.wait_seconds >= 0.05
    assert after == db.PoolStats(
        requests=3, waits=1, wait_seconds=after.wait_seconds, timeouts=1, opened=1, lost=0, errors=0
    )


def test_the_counters_start_anew_with_the_next_connect(triosigno_url: str) -> None:
    db.connect(triosigno_url)
    make_category()
    assert db.pool_stats().requests == 2
    db.disconnect()
    db.connect(triosigno_url)
    assert db.pool_stats().requests == 1
