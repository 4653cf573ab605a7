"""A network that swallows what is sent: every call ends, and tells what is known."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

import triosigno_db as db
from tests.faults.environment import wait_for, wait_until
from tests.faults.journal import TIMEOUT_SECONDS
from tests.faults.proxy import Place, Proxy, Trap, port_of
from tests.plain_sql import run_plain
from triosigno_db.testing import DatabaseServer
from triosigno_db.testing.factories import make_sign, make_user

LIMITS: dict[str, Any] = {
    "connect_timeout": 3,
    "connection_limit": 2,
    "statement_timeout": 0.7,
    "network_timeout": 0.8,
    "password_cost": 4,
}
FOREVER = TIMEOUT_SECONDS

TOTAL = 'SELECT COALESCE(sum("totalAttempts"), 0)::int FROM "Progress" WHERE "userId" = %s'

CONNECTIONS = """
SELECT count(*) FROM pg_stat_activity
WHERE application_name = 'triosigno_db' AND datname = current_database()
"""


@pytest.fixture
def proxy(triosigno_server: DatabaseServer, shared_url: str) -> Iterator[Proxy]:
    with Proxy(port_of(triosigno_server.url)) as proxy:
        db.connect(proxy.lead_through(shared_url), **LIMITS)
        yield proxy
        db.disconnect()


@pytest.fixture
def ids(proxy: Proxy) -> tuple[str, str]:
    """A learner and a sign."""
    return make_user().id, make_sign().id


def wait_for_total(url: str, ids: tuple[str, str], total: int) -> None:
    wait_until(lambda: run_plain(url, TOTAL, (ids[0],)) == [(total,)], f"not {total}")


def attempt(ids: tuple[str, str], key: str | None = None) -> db.ProgressRecord:
    return db.record_attempt(*ids, is_correct=True, idempotency_key=key)


@contextmanager
def stalled(proxy: Proxy, place: Place, statement: str) -> Iterator[Trap]:
    """Let the connection stall that sends a statement first, until the block's end."""
    trap = proxy.set_trap(place, statement, FOREVER)
    started = time.monotonic()
    yield trap
    # Far beyond the limits, and far below what the connection stalls for.
    assert time.monotonic() - started < FOREVER / 2
    assert trap.is_sprung.is_set()
    trap.is_released.set()


@pytest.mark.parametrize("place", Place)
def test_a_read_is_given_up_and_nothing_else_is(
    proxy: Proxy, ids: tuple[str, str], place: Place
) -> None:
    with stalled(proxy, place, "EXECUTE"):
        with pytest.raises(db.DatabaseUnavailableError, match=r"within 1\.5 s"):
            db.get_user_with_preferences(ids[0])
        assert db.get_user_with_preferences(ids[0]).id == ids[0]


@pytest.mark.parametrize("place", Place)
def test_of_a_write_the_outcome_is_unknown(
    proxy: Proxy, shared_url: str, ids: tuple[str, str], place: Place
) -> None:
    with stalled(proxy, place, "EXECUTE"), pytest.raises(db.OutcomeUnknownError):
        attempt(ids)
    # What was held back arrives late, and is done then, unless the end arrives with it.
    wait_for(shared_url, CONNECTIONS, 0)
    [(total,)] = run_plain(shared_url, TOTAL, (ids[0],))
    assert total in ((0, 1) if place in (Place.BEFORE, Place.INSIDE) else (1,))


@pytest.mark.parametrize("place", Place)
def test_a_write_with_a_key_counts_once_although_it_arrives_late(
    proxy: Proxy, shared_url: str, ids: tuple[str, str], place: Place
) -> None:
    with stalled(proxy, place, "EXECUTE"):
        with pytest.raises(db.OutcomeUnknownError):
            attempt(ids, "late")
        assert attempt(ids, "late").total_attempts == 1
    wait_for_total(shared_url, ids, 1)
    assert attempt(ids, "late").total_attempts == 1


@pytest.mark.parametrize("place", Place)
@pytest.mark.parametrize("statement", ["BEGIN", "EXECUTE"])
def test_a_transaction_that_stalls_before_its_commit_leaves_nothing(
    proxy: Proxy, shared_url: str, ids: tuple[str, str], statement: str, place: Place
) -> None:
    with (
        stalled(proxy, place, statement),
        pytest.raises(db.DatabaseUnavailableError),
        db.transaction(),
    ):
        attempt(ids)
    wait_for_total(shared_url, ids, 0)


@pytest.mark.parametrize("place", Place)
def test_of_a_commit_that_stalls_the_outcome_is_unknown(
    proxy: Proxy, shared_url: str, ids: tuple[str, str], place: Place
) -> None:
    with (
        stalled(proxy, place, "COMMIT"),
        pytest.raises(db.OutcomeUnknownError, match="COMMIT"),
        db.transaction(),
    ):
        attempt(ids, "late")
    with db.transaction():
        attempt(ids, "late")
    wait_for_total(shared_url, ids, 1)


def test_a_connection_that_can_t_be_opened_is_told_in_time(proxy: Proxy, shared_url: str) -> None:
    db.disconnect()
    proxy.stall()
    started = time.monotonic()
    with pytest.raises(db.DatabaseUnavailableError):
        db.connect(proxy.lead_through(shared_url), **LIMITS)
    assert time.monotonic() - started < FOREVER / 2
    proxy.resume()
    db.connect(proxy.lead_through(shared_url), **LIMITS)
    make_user()


def test_calls_go_on_once_the_network_does(proxy: Proxy, ids: tuple[str, str]) -> None:
    for number in range(3):
        proxy.stall()
        with pytest.raises((db.OutcomeUnknownError, db.DatabaseUnavailableError)):
            attempt(ids, f"{number}")
        proxy.resume()
        assert attempt(ids, f"{number}").total_attempts == number + 1
