"""A server that refuses: no room, no writes, no connections, no login; and a full pool."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

import triosigno_db as db
from tests.database.fake_server import LATIN_1_REFUSAL, FakeServer
from tests.faults.disks import SmallDisk, small_disk
from tests.faults.environment import wait_until
from tests.faults.faults import disk_full, pool_full, read_only, take_connection
from tests.faults.journal import TIMEOUT_SECONDS
from tests.faults.proxy import Proxy, port_of
from tests.plain_sql import count_rows, run_plain
from triosigno_db import doctor, migrator
from triosigno_db.database.execution import run_sql
from triosigno_db.testing import DatabaseServer, ThrowawayPostgres, ThrowawayPostgresError
from triosigno_db.testing.factories import make_category, make_lesson, make_sign, make_user

CONNECTIONS = 12


@pytest.fixture(scope="module")
def own_server() -> Iterator[ThrowawayPostgres]:
    """A server whose settings may be changed without harm to other tests."""
    with ThrowawayPostgres(
        in_memory=True, settings={"max_connections": f"{CONNECTIONS}"}
    ) as server:
        db.connect(server.url)
        db.create_schema()
        db.disconnect()
        yield server


@pytest.fixture
def own_database(own_server: ThrowawayPostgres) -> Iterator[str]:
    db.connect(own_server.url, password_cost=4, connection_limit=4, connect_timeout=2)
    yield own_server.url
    db.disconnect()


# -- no room -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def disk(own_server: ThrowawayPostgres) -> Iterator[SmallDisk | None]:
    with small_disk(64, own_server.data_directory.stat().st_uid) as disk:
        yield disk


def test_a_full_disk_is_told_and_costs_nothing(
    own_server: ThrowawayPostgres, disk: SmallDisk | None
) -> None:
    url = own_server.create_database("small")
    if disk is not None:
        run_plain(url, f"CREATE TABLESPACE small LOCATION '{disk.folder}'")
        run_plain(own_server.url, "ALTER DATABASE small SET TABLESPACE small")
    db.connect(url, password_cost=4)
    db.create_schema()
    user, sign = make_user(), make_sign()
    db.record_attempt(user.id, sign.id, is_correct=True)
    acknowledged = 0
    with disk_full(url, disk), pytest.raises(db.DatabaseUnavailableError) as caught:
        while True:
            # Each row takes a little of what room the table has left.
            learner = db.record_attempt(make_user().id, sign.id, is_correct=True)
            acknowledged += learner.total_attempts
    assert caught.value.prisma_code == "P2037"
    assert count_rows(url)["Progress"] == 1 + acknowledged
    assert db.get_user_with_preferences(user.id) == user
    assert db.record_attempt(user.id, sign.id, is_correct=True).total_attempts == 2
    db.disconnect()
    own_server.drop_database("small")
    if disk is not None:
        run_plain(own_server.url, "DROP TABLESPACE small")


# -- no writes -----------------------------------------------------------------------------------


def test_a_server_that_is_set_to_read_only_refuses_writes_alone(own_database: str) -> None:
    user, sign, lesson = make_user(), make_sign(), make_lesson()
    session = db.start_session(user.id, lesson.id)
    made = [db.Attempt(sign_id=sign.id, is_correct=True)]
    before = count_rows(own_database)
    with read_only(own_database):
        wait_until(lambda: run_sql("SHOW transaction_read_only") == [("on",)], "it takes writes")
        with pytest.raises(db.ReadOnlyError):
            make_category()
        with pytest.raises(db.ReadOnlyError):
            db.record_attempt(user.id, sign.id, is_correct=True, idempotency_key="refused")
        with pytest.raises(db.ReadOnlyError):
            db.complete_session(session.id, score=1, xp_earned=1, attempts=made)
        with pytest.raises(db.ReadOnlyError), db.transaction():
            assert db.get_user_with_preferences(user.id) == user
            db.record_attempt(user.id, sign.id, is_correct=True)
        assert db.get_session(session.id) == session
    assert count_rows(own_database) == before
    wait_until(lambda: run_sql("SHOW transaction_read_only") == [("off",)], "it takes none")
    assert db.complete_session(session.id, score=1, xp_earned=1, attempts=made).completed
    counted = db.record_attempt(user.id, sign.id, is_correct=True, idempotency_key="refused")
    assert counted.total_attempts == 2


# -- no connections ------------------------------------------------------------------------------


def test_a_server_without_a_connection_left_is_told(own_database: str) -> None:
    user = make_user()
    db.disconnect()
    with ExitStack() as taken:
        wait_until(lambda: not take_connection(own_database, taken), "connections are left")
        with pytest.raises(db.DatabaseUnavailableError, match="too many clients") as caught:
            db.connect(own_database, connect_timeout=2)
        assert caught.value.prisma_code == "P1001"
    wait_until(lambda: is_reached(own_database), "no connection is left")
    assert db.get_user_with_preferences(user.id) == user


def is_reached(url: str) -> bool:
    # A connection that was closed counts until its process has ended.
    try:
        db.connect(url)
    except db.DatabaseUnavailableError:
        return False
    return True


def test_a_write_waits_for_a_connection_to_the_server(
    own_server: ThrowawayPostgres, own_database: str
) -> None:
    user, sign = make_user(), make_sign()
    with Proxy(own_server.port) as proxy, ThreadPoolExecutor(1) as executor:
        db.connect(proxy.lead_through(own_database), connect_timeout=TIMEOUT_SECONDS)
        proxy.cut_all()
        with ExitStack() as taken:
            wait_until(lambda: not take_connection(own_database, taken), "connections are left")
            attempt = executor.submit(lambda: db.record_attempt(user.id, sign.id, is_correct=True))
            # It was refused, and tries again.
            wait_until(lambda: proxy.accepted >= 3, "it does not try again")
            assert not attempt.done()
        assert attempt.result().total_attempts == 1
        db.disconnect()


def test_a_full_pool_is_told_and_serves_again(own_database: str) -> None:
    db.connect(own_database, connection_limit=3, pool_timeout=0.1)
    user, sign = make_user().id, make_sign().id
    failures: list[type[BaseException]] = []

    def attempt() -> None:
        try:
            db.record_attempt(user, sign, is_correct=True)
        except db.TrioSignoDBError as exc:
            failures.append(type(exc))

    def attempt_at_once() -> None:
        threads = [threading.Thread(target=attempt) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    with pool_full(3):
        attempt_at_once()
    assert failures == [db.PoolTimeoutError] * 8
    db.connect(own_database, connection_limit=3)
    attempt_at_once()
    assert len(failures) == 8
    assert db.get_progress(user, sign).total_attempts == 8


# -- no login, said in Latin-1 -------------------------------------------------------------------


@pytest.fixture
def refusing_server() -> Iterator[FakeServer]:
    """A server that refuses each login in the encoding of its operating system."""
    with FakeServer(LATIN_1_REFUSAL) as server:
        yield server


def assert_refused(call: Callable[[], object]) -> None:
    with pytest.raises((db.DatabaseUnavailableError, ThrowawayPostgresError)):
        call()


def test_connect_is_refused(refusing_server: FakeServer) -> None:
    assert_refused(lambda: db.connect(refusing_server.url))


def test_a_replica_that_refuses_is_skipped(
    triosigno_url: str, refusing_server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    db.connect(triosigno_url, replica_url=refusing_server.url)
    (record,) = [each for each in caplog.records if "is skipped" in each.message]
    assert "n'existe pas" in record.message
    with db.reading_from_replica():
        assert run_sql("SELECT 1") == [(1,)]


def test_a_ping_is_refused(triosigno_url: str) -> None:
    with Proxy(port_of(triosigno_url)) as proxy:
        address = proxy.lead_through(triosigno_url)
        db.connect(address)
    # The server has gone, and another one has taken its place.
    with FakeServer(LATIN_1_REFUSAL, port_of(address)):
        assert_refused(db.ping)


def test_the_migrator_is_refused(refusing_server: FakeServer) -> None:
    assert_refused(lambda: migrator.status(refusing_server.url))
    assert_refused(lambda: migrator.deploy(refusing_server.url))


def test_the_doctor_reports_the_refusal(refusing_server: FakeServer) -> None:
    (finding,) = doctor.diagnose(refusing_server.url).findings
    assert (finding.subject, finding.level) == ("connection", "error")
    assert "n'existe pas" in "".join(finding.details)


def test_the_test_kit_is_refused(refusing_server: FakeServer) -> None:
    with DatabaseServer(refusing_server.url) as server:
        assert_refused(lambda: server.create_database("any"))
        assert_refused(lambda: server.list_databases("any"))
