"""The pool by itself, over connections to a real server."""

import ctypes
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

import triosigno_db as db
from tests.plain_sql import end_sessions
from triosigno_db.database.connection import Connection
from triosigno_db.database.connector import open_connection
from triosigno_db.database.pool import Checkout, ConnectionPool, PoolStats, PoolStatus
from triosigno_db.settings import Settings

MakePool = Callable[..., ConnectionPool]


@pytest.fixture
def settings(triosigno_url: str) -> Settings:
    return Settings.load(triosigno_url)


@pytest.fixture
def make_pool(settings: Settings) -> Iterator[MakePool]:
    """Make pools that are closed in the end."""
    pools = []

    def make(**options: object) -> ConnectionPool:
        chosen = {
            "open_connection": lambda: open_connection(settings),
            "check": lambda connection: connection.is_usable(30),
            "max_size": 2,
            **options,
        }
        pools.append(ConnectionPool(**chosen))
        return pools[-1]

    yield make
    for pool in pools:
        pool.close()


def check_out(pool: ConnectionPool) -> tuple[Checkout, Connection]:
    checkout = Checkout()
    return checkout, pool.getconn(checkout)


def waits(pool: ConnectionPool, count: int) -> None:
    """Return once as many callers wait."""
    turn = threading.Event()
    while pool.get_status().waiting < count:
        turn.wait(0.001)


def test_nothing_is_opened_before_it_is_needed(make_pool: MakePool) -> None:
    pool = make_pool()
    assert pool.get_status() == PoolStatus(limit=2, in_use=0, idle=0, opening=0, waiting=0)
    assert pool.get_stats() == PoolStats(0, 0, 0.0, 0, 0, 0, 0)


def test_the_last_one_that_was_checked_in_is_checked_out_again(make_pool: MakePool) -> None:
    pool = make_pool()
    (first, _), (second, connection) = check_out(pool), check_out(pool)
    assert pool.get_status() == PoolStatus(2, in_use=2, idle=0, opening=0, waiting=0)
    pool.putconn(first)
    pool.putconn(second)
    assert check_out(pool)[1] is connection
    assert pool.get_status() == PoolStatus(2, in_use=1, idle=1, opening=0, waiting=0)
    assert pool.get_stats().opened == 2
    assert pool.get_stats().requests == 3


def test_those_that_wait_are_served_in_order_and_own_what_they_get(make_pool: MakePool) -> None:
    pool = make_pool(max_size=1)
    held, _ = check_out(pool)
    served: list[int] = []

    def call(number: int) -> int | None:
        checkout, connection = check_out(pool)
        served.append(number)
        owner = pool.connection_of(threading.get_ident())
        pool.putconn(checkout)
        return owner is connection

    with ThreadPoolExecutor(5) as threads:
        calls = []
        for number in range(5):
            calls.append(threads.submit(call, number))
            waits(pool, number + 1)
        pool.putconn(held)
        assert all(each.result() for each in calls)
    assert served == [0, 1, 2, 3, 4]
    stats = pool.get_stats()
    assert (stats.requests, stats.waits, stats.timeouts, stats.opened) == (6, 5, 0, 1)
    assert stats.wait_seconds > 0


def test_a_newcomer_does_not_pass_those_that_wait(make_pool: MakePool) -> None:
    pool = make_pool(max_size=1)
    held, connection = check_out(pool)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(check_out, pool)
        waits(pool, 1)
        pool.putconn(held)
        # Whether the waiter has woken or not, the connection is its own.
        assert pool.get_status().idle == 0
        assert waiting.result()[1] is connection


def test_a_wait_ends_at_the_time_limit_and_leaves_no_gap(make_pool: MakePool) -> None:
    pool = make_pool(max_size=1, timeout=0.05)
    held, connection = check_out(pool)
    with pytest.raises(db.PoolTimeoutError) as caught:
        pool.getconn(Checkout())
    assert (caught.value.pool_size, caught.value.waited) == (1, 0.05)
    assert pool.get_status().waiting == 0
    pool.putconn(held)
    assert check_out(pool)[1] is connection
    stats = pool.get_stats()
    assert (stats.waits, stats.timeouts) == (1, 1)
    assert stats.wait_seconds >= 0.05


def test_a_lost_connection_is_replaced(make_pool: MakePool, triosigno_url: str) -> None:
    pool = make_pool()
    checkout, lost = check_out(pool)
    backend = lost.info.backend_pid
    pool.putconn(checkout)
    end_sessions(triosigno_url, f"pid = {backend}")
    _, found = check_out(pool)
    assert found.info.backend_pid != backend
    assert lost.closed
    stats = pool.get_stats()
    assert (stats.requests, stats.lost, stats.opened) == (2, 1, 2)


@pytest.mark.parametrize("flag", ["is_interrupted", "is_demoted"])
def test_what_may_not_be_used_again_is_closed(make_pool: MakePool, flag: str) -> None:
    pool = make_pool()
    checkout, connection = check_out(pool)
    setattr(connection, flag, True)
    pool.putconn(checkout)
    assert connection.closed
    assert pool.get_status() == PoolStatus(2, 0, 0, 0, 0)


def test_a_connection_inside_a_transaction_is_closed(make_pool: MakePool) -> None:
    pool = make_pool()
    checkout, connection = check_out(pool)
    connection.cursor().execute("BEGIN")
    pool.putconn(checkout)
    assert connection.closed


def test_a_connection_ends_with_its_lifetime(make_pool: MakePool) -> None:
    pool = make_pool(max_lifetime=3600)
    checkout, connection = check_out(pool)
    assert 0.9 * 3600 <= connection.expires_at - connection.last_used <= 3600
    pool.putconn(checkout)
    assert pool.getconn(checkout) is connection
    connection.expires_at = connection.last_used
    pool.putconn(checkout)
    assert connection.closed
    assert pool.getconn(checkout) is not connection


def test_a_discarded_connection_makes_room_for_one_that_waits(make_pool: MakePool) -> None:
    pool = make_pool(max_size=1)
    held, connection = check_out(pool)
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(check_out, pool)
        waits(pool, 1)
        pool.putconn(held, discard=True)
        _checkout, other = waiting.result()
    assert other is not connection
    assert pool.get_status() == PoolStatus(1, in_use=1, idle=0, opening=0, waiting=0)


def test_a_failure_to_open_is_raised_and_makes_room(
    make_pool: MakePool, settings: Settings
) -> None:
    failing = [True]

    def open_or_fail() -> Connection:
        if failing[0]:
            raise db.DatabaseUnavailableError("no server")
        return open_connection(settings)

    pool = make_pool(open_connection=open_or_fail, max_size=1)
    with pytest.raises(db.DatabaseUnavailableError, match="no server"):
        pool.getconn(Checkout())
    failing[0] = False
    assert not check_out(pool)[1].closed
    stats = pool.get_stats()
    assert (stats.errors, stats.opened) == (1, 1)


def test_a_failure_to_open_lets_the_next_one_try(make_pool: MakePool) -> None:
    may_fail, has_begun = threading.Event(), threading.Event()

    def fail() -> Connection:
        has_begun.set()
        may_fail.wait()
        raise db.DatabaseUnavailableError("no server")

    pool = make_pool(open_connection=fail, max_size=1)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(check_out, pool)
        has_begun.wait()
        second = threads.submit(check_out, pool)
        waits(pool, 1)
        may_fail.set()
        for call in (first, second):
            with pytest.raises(db.DatabaseUnavailableError):
                call.result()
    assert pool.get_status() == PoolStatus(1, 0, 0, 0, 0)


def test_a_closed_pool_closes_what_comes_back_and_says_when_it_is_drained(
    make_pool: MakePool,
) -> None:
    drained: list[bool] = []
    pool = make_pool(on_drained=lambda: drained.append(True))
    (first, held), (second, idle) = check_out(pool), check_out(pool)
    pool.putconn(second)
    pool.close()
    assert (bool(idle.closed), bool(held.closed), drained) == (True, False, [])
    pool.putconn(first)
    assert (bool(held.closed), drained) == (True, [True])


def test_an_exception_while_waiting_leaves_the_queue(make_pool: MakePool) -> None:
    class InterruptedWait(BaseException):
        pass

    pool = make_pool(max_size=1)
    held, _ = check_out(pool)
    ident: list[int] = []

    def call() -> None:
        ident.append(threading.get_ident())
        checkout = Checkout()
        try:
            with suppress(InterruptedWait):
                pool.getconn(checkout)
        finally:
            pool.putconn(checkout)

    caller = threading.Thread(target=call)
    caller.start()
    waits(pool, 1)
    ctypes.pythonapi.PyThreadState_SetAsyncExc(
        ctypes.c_ulong(ident[0]), ctypes.py_object(InterruptedWait)
    )
    # The exception is raised where the thread next runs Python: when its wait ends.
    pool.putconn(held)
    caller.join()
    assert pool.get_status() == PoolStatus(1, in_use=0, idle=1, opening=0, waiting=0)


def test_many_threads_never_share_a_connection(make_pool: MakePool) -> None:
    pool = make_pool(max_size=3)
    owners: dict[Connection, int] = {}
    shared: list[Connection] = []

    def call() -> None:
        for _ in range(200):
            checkout, connection = check_out(pool)
            if owners.setdefault(connection, threading.get_ident()) != threading.get_ident():
                shared.append(connection)
            connection.cursor().execute("SELECT 1")
            del owners[connection]
            pool.putconn(checkout)

    with ThreadPoolExecutor(12) as threads:
        for each in [threads.submit(call) for _ in range(12)]:
            each.result()
    assert shared == []
    assert pool.get_status() == PoolStatus(3, in_use=0, idle=3, opening=0, waiting=0)
    assert pool.get_stats().requests == 12 * 200


def test_what_a_lost_checkout_held_is_closed_and_replaced(make_pool: MakePool) -> None:
    pool = make_pool(max_size=1)
    checkout, connection = check_out(pool)
    backend = connection.info.backend_pid
    del checkout, connection
    assert pool.get_status() == PoolStatus(1, in_use=0, idle=0, opening=0, waiting=0)
    assert check_out(pool)[1].info.backend_pid != backend


def test_a_checkout_may_be_checked_in_again(make_pool: MakePool) -> None:
    pool = make_pool(max_size=1)
    checkout, connection = check_out(pool)
    pool.putconn(checkout)
    other, found = check_out(pool)
    assert found is connection
    pool.putconn(checkout)
    assert other.held == [connection]
    assert pool.get_status() == PoolStatus(1, in_use=1, idle=0, opening=0, waiting=0)
