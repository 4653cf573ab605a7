"""Connections that are cut at a known point of a known statement: what the caller is told."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

import triosigno_db as db
from tests.faults.environment import read_resources, wait_until_released
from tests.faults.proxy import Place, Proxy, port_of
from tests.plain_sql import run_plain
from triosigno_db.database.execution import run_sql
from triosigno_db.models import SignCategory
from triosigno_db.testing import DatabaseServer
from triosigno_db.testing.factories import (
    make_category,
    make_lesson,
    make_module,
    make_sign,
    make_user,
)

DONE = (Place.ANSWER, Place.INSIDE_ANSWER)
"""Where it has done what the statement asks for."""


class Client(NamedTuple):
    """A learner and a sign, the proxy that the library goes through, and the database behind it."""

    proxy: Proxy
    url: str
    user_id: str
    sign_id: str

    def attempt(self, key: str | None = None) -> db.ProgressRecord:
        """Record an attempt."""
        return db.record_attempt(self.user_id, self.sign_id, is_correct=True, idempotency_key=key)

    def counted(self) -> int:
        """Count the attempts that were applied, not through the proxy."""
        query = 'SELECT "totalAttempts" FROM "Progress" WHERE "userId" = %s'
        rows = run_plain(self.url, query, (self.user_id,))
        return sum(total for (total,) in rows)


@pytest.fixture
def client(triosigno_server: DatabaseServer, shared_url: str) -> Iterator[Client]:
    with Proxy(port_of(triosigno_server.url)) as proxy:
        db.connect(proxy.lead_through(shared_url), connection_limit=2, password_cost=4)
        yield Client(proxy, shared_url, make_user().id, make_sign().id)
        db.disconnect()


def key() -> str:
    return str(uuid4())


@pytest.mark.parametrize("place", Place)
def test_a_read_is_repeated(client: Client, place: Place) -> None:
    trap = client.proxy.set_trap(place, "EXECUTE")
    assert db.get_user_with_preferences(client.user_id).id == client.user_id
    assert trap.is_over.is_set()


@pytest.mark.parametrize("place", Place)
def test_a_read_is_repeated_once(client: Client, place: Place) -> None:
    for _ in range(2):
        client.proxy.set_trap(place, "EXECUTE")
    third = client.proxy.set_trap(place, "EXECUTE")
    with pytest.raises(db.DatabaseUnavailableError):
        db.get_user_with_preferences(client.user_id)
    assert not third.is_sprung.is_set()


@pytest.mark.parametrize("place", Place)
def test_of_a_write_without_an_answer_the_outcome_is_unknown(client: Client, place: Place) -> None:
    trap = client.proxy.set_trap(place, "EXECUTE")
    with pytest.raises(db.OutcomeUnknownError) as caught:
        client.attempt()
    assert trap.is_over.is_set()
    assert caught.value.prisma_code == "P1017"
    assert client.counted() == (1 if place in DONE else 0)


@pytest.mark.parametrize("place", Place)
def test_an_attempt_with_a_key_counts_once_however_often_it_is_made(
    client: Client, place: Place
) -> None:
    first, other = key(), key()
    for _ in range(2):
        client.proxy.set_trap(place, "upsert_progress")
    counted = repeat_until_known(client, first)
    assert (counted.total_attempts, client.counted()) == (1, 1)
    assert client.attempt(first).total_attempts == 1
    assert client.attempt(other).total_attempts == 2
    assert client.counted() == 2


def repeat_until_known(client: Client, attempt: str) -> db.ProgressRecord:
    for _ in range(3):
        try:
            return client.attempt(attempt)
        except db.OutcomeUnknownError:
            continue
    pytest.fail("its outcome stays unknown")


@pytest.mark.parametrize("place", Place)
def test_preparing_a_statement_is_tried_again(client: Client, place: Place) -> None:
    # Whatever becomes of it, the statement itself was not sent.
    trap = client.proxy.set_trap(place, "PREPARE")
    client.attempt()
    assert trap.is_over.is_set()
    assert client.counted() == 1


@pytest.mark.parametrize("place", Place)
@pytest.mark.parametrize("statement", ["PREPARE", "EXECUTE", "SELECT 1 /* mine */"])
def test_a_statement_lost_in_a_transaction_leaves_nothing(
    client: Client, statement: str, place: Place
) -> None:
    client.attempt()
    with pytest.raises(db.DatabaseUnavailableError) as caught, db.transaction():
        client.attempt()
        trap = client.proxy.set_trap(place, statement)
        run_sql("SELECT 1 /* mine */")
        make_module(lessons=0)
    assert trap.is_over.is_set()
    assert caught.value.prisma_code == "P1017"
    assert client.counted() == 1


@pytest.mark.parametrize("place", Place)
def test_of_a_commit_without_an_answer_the_outcome_is_unknown(client: Client, place: Place) -> None:
    trap = client.proxy.set_trap(place, "COMMIT")
    with pytest.raises(db.OutcomeUnknownError, match="COMMIT"), db.transaction():
        client.attempt()
        made = make_category()
    assert trap.is_over.is_set()
    kept = 1 if place in DONE else 0
    named = SignCategory.select().where(SignCategory.name == made.name)
    assert (client.counted(), named.count()) == (kept, kept)


@pytest.mark.parametrize("statement", ["EXECUTE", "COMMIT"])
def test_who_looks_whether_a_write_was_applied_is_not_served_from_the_cache(
    client: Client, statement: str
) -> None:
    url = client.proxy.lead_through(client.url)
    db.connect(url, content_cache_seconds=600)
    before = db.list_modules(limit=200).items
    client.proxy.set_trap(Place.ANSWER, statement)
    with pytest.raises(db.OutcomeUnknownError):
        if statement == "COMMIT":
            with db.transaction():
                make_module(lessons=0)
        else:
            # With an order it is one statement, without a transaction.
            make_module(lessons=0, order=1)
    assert len(db.list_modules(limit=200).items) == len(before) + 1


@pytest.mark.parametrize("place", Place)
def test_a_transaction_that_does_not_begin_leaves_nothing(client: Client, place: Place) -> None:
    client.proxy.set_trap(place, "BEGIN")
    with pytest.raises(db.DatabaseUnavailableError), db.transaction():
        client.attempt()
    assert client.counted() == 0


@pytest.mark.parametrize("place", Place)
def test_a_savepoint_lost_with_its_transaction_leaves_nothing(client: Client, place: Place) -> None:
    client.proxy.set_trap(place, "RELEASE SAVEPOINT")
    with pytest.raises(db.DatabaseUnavailableError), db.transaction():
        client.attempt()
        with db.transaction():
            client.attempt()
    assert client.counted() == 0


@pytest.mark.parametrize("place", Place)
@pytest.mark.parametrize("statement", ["session", "upsert_progress", "COMMIT"])
def test_a_session_is_completed_once_however_often_it_is_told(
    client: Client, statement: str, place: Place
) -> None:
    session = db.start_session(client.user_id, make_lesson(signs=0).id)
    result: dict[str, Any] = {
        "idempotency_key": key(),
        "score": 90,
        "xp_earned": 10,
        "attempts": [db.Attempt(sign_id=client.sign_id, is_correct=True)],
    }
    trap = client.proxy.set_trap(place, statement)
    with pytest.raises((db.OutcomeUnknownError, db.DatabaseUnavailableError)) as caught:
        db.complete_session(session.id, **result)
    assert trap.is_over.is_set()
    assert caught.type is (
        db.OutcomeUnknownError if statement == "COMMIT" else db.DatabaseUnavailableError
    )
    is_kept = statement == "COMMIT" and place in DONE
    assert client.counted() == int(is_kept)
    completed = db.complete_session(session.id, **result)
    assert (completed.completed, completed.score, client.counted()) == (True, 90, 1)
    assert db.complete_session(session.id, **result) == completed
    assert client.counted() == 1


def test_a_slow_network_loses_nothing(client: Client) -> None:
    for place in Place:
        trap = client.proxy.set_trap(place, "EXECUTE", pause=0.1)
        client.attempt()
        assert trap.is_sprung.is_set()
    assert client.counted() == len(Place)


def test_connections_cut_while_nobody_uses_them_are_noticed_before(client: Client) -> None:
    for times in range(1, 4):
        client.attempt()
        client.proxy.cut_all()
        with db.connection():
            client.attempt()
            client.proxy.cut_all()
            client.attempt()
        assert client.counted() == 3 * times


def test_a_connection_cut_before_the_commit_is_known_to_have_left_nothing(
    client: Client,
) -> None:
    with pytest.raises(db.DatabaseUnavailableError), db.transaction():
        client.attempt()
        client.proxy.cut_all()
    assert client.counted() == 0


def test_nothing_is_left_of_cut_connections(client: Client) -> None:
    client.attempt()
    before = read_resources()
    for _ in range(20):
        client.proxy.set_trap(Place.ANSWER, "EXECUTE")
        with pytest.raises(db.OutcomeUnknownError):
            client.attempt()
        client.attempt()
    wait_until_released(before)
