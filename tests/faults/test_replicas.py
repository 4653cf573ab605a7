"""A replica that serves reads: a real standby that is stopped, killed, paused and stalled."""

import asyncio
import logging
import math
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import peewee
import pytest

import triosigno_db as db
from tests.cluster import (
    Cluster,
    ask,
    kill,
    processes_of,
    restart_after_kill,
    running_cluster,
    until,
)
from tests.content import make_category, make_user
from tests.faults.test_fork import in_child
from tests.plain_sql import count_rows
from tests.repositories.test_statements_sent import ONE, SEVERAL, make_rows
from triosigno_db import aio
from triosigno_db.database import connected_database, current_database, fetch_all, run_sql
from triosigno_db.models import MODELS, SignCategory
from triosigno_db.replica_health import LEFT_ALONE_FOR
from triosigno_db.statements import statement
from triosigno_db.tasks import coroutine
from triosigno_db.testing import ThrowawayPostgres, counting_statements

pytestmark = pytest.mark.xdist_group("replicas")

CALLS = {**ONE, **{name: call for name, (_, call) in SEVERAL.items()}}
CLEARED = [model.__name__ for model in reversed(peewee.sort_models(MODELS))]
READ = ("authenticate", "count_", "export_", "find_", "get_", "list_", "search_")
READ_HERE = "update_module"
"""It is called without any change, and only reads then."""

run_sql_async = coroutine(run_sql)

SERVED_BY = "SELECT inet_server_port()"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    """A primary and its standby, both running at the end of each test."""
    with running_cluster() as cluster:
        db.connect(cluster.primary.url)
        db.create_schema()
        db.disconnect()
        cluster.wait_for_standby()
        yield cluster


@pytest.fixture
def connected(cluster: Cluster) -> Iterator[Cluster]:
    """The library, connected to the primary and with the standby as its replica."""
    connect(cluster)
    yield cluster
    db.disconnect()


def connect(cluster: Cluster, **options: Any) -> None:
    db.connect(
        cluster.primary.url, replica_url=cluster.standby.url, **{"password_cost": 4, **options}
    )


def serving_port() -> int:
    """The port of the server that serves reads."""
    with db.reading_from_replica():
        return int(run_sql(SERVED_BY)[0][0])


def until_served_by(server: ThrowawayPostgres) -> None:
    until(lambda: serving_port() == server.port)


@contextmanager
def ports_of_statements() -> Iterator[set[int]]:
    ports: set[int] = set()
    stop = db.on_statement(lambda event: ports.add(event.port))
    try:
        yield ports
    finally:
        stop()


# -- who serves what ---------------------------------------------------------------------------


@pytest.mark.parametrize("block", [nullcontext, db.connection, db.transaction])
def test_the_replica_serves_what_reads_and_nothing_writes(connected: Cluster, block: Any) -> None:
    run_sql("; ".join(f'DELETE FROM "{table}"' for table in CLEARED))
    rows = make_rows()
    connected.wait_for_standby()
    before = count_rows(connected.primary.url)
    for name, call in CALLS.items():
        reads = name.startswith(READ) or name == READ_HERE
        with ports_of_statements() as ports:
            refused = nullcontext() if reads else pytest.raises(db.ReadOnlyError)
            with refused, db.reading_from_replica(), block():
                call(rows)
        assert ports <= {connected.standby.port}, name
        assert ports or not reads, name
    assert count_rows(connected.primary.url) == before


@pytest.mark.parametrize("has_replica", [True, False])
def test_a_write_of_one_statement_is_refused_before_anything_is_sent(
    cluster: Cluster, has_replica: bool
) -> None:
    connect(cluster) if has_replica else db.connect(cluster.primary.url)
    refused = pytest.raises(db.ReadOnlyError, match="new_row_SignCategory writes")
    with counting_statements() as sent, refused, db.reading_from_replica():
        make_category()
    assert sent.names == []


def test_the_models_read_there_and_don_t_write(connected: Cluster) -> None:
    category = make_category()
    connected.wait_for_standby()
    row = SignCategory.get_by_id(category.id)
    with db.reading_from_replica(), ports_of_statements() as ports:
        assert SignCategory.get_by_id(category.id) == row
        assert SignCategory.select().where(SignCategory.id == category.id).count() == 1
        assert [found.id for found in SignCategory.raw('SELECT id FROM "SignCategory"')]
        row.name = "another"
        for write in (
            row.save,
            row.delete_instance,
            lambda: SignCategory.create(name="new", description=""),
            lambda: SignCategory.update(description="x").execute(),
            lambda: SignCategory.delete().execute(),
            lambda: list(SignCategory.select().for_update()),
            SignCategory.truncate_table,
            SignCategory.drop_table,
        ):
            with pytest.raises(db.ReadOnlyError):
                write()
    assert ports == {connected.standby.port}
    assert SignCategory.get_by_id(category.id).name == category.name


@pytest.mark.parametrize("has_replica", [True, False])
def test_text_that_writes_is_refused_by_the_server(cluster: Cluster, has_replica: bool) -> None:
    connect(cluster) if has_replica else db.connect(cluster.primary.url)
    category = make_category()
    text = f"""DELETE FROM "SignCategory" WHERE id = '{category.id}'"""
    with db.reading_from_replica():
        with pytest.raises(db.ReadOnlyError):
            run_sql(text)
        with pytest.raises(peewee.PeeweeException, match="read-only"):
            SignCategory.raw(text).execute()
        with pytest.raises(db.ReadOnlyError), db.transaction():
            run_sql(text)
        with pytest.raises(db.ReadOnlyError):
            db.drop_schema()
    assert db.get_category(category.id) == category
    # It held for that text only.
    run_sql(text)


@pytest.mark.parametrize(
    ("sought", "standby_serves"),
    [
        ("any", False),
        ("read-write", False),
        ("primary", False),
        ("read-only", True),
        ("standby", True),
        ("prefer-standby", True),
    ],
)
def test_of_several_hosts_the_one_that_is_sought_serves(
    cluster: Cluster, sought: str, standby_serves: bool
) -> None:
    server = cluster.standby if standby_serves else cluster.primary
    db.connect(cluster.url, target_session_attrs=sought)
    assert run_sql(SERVED_BY) == [(server.port,)]
    if standby_serves:
        with pytest.raises(db.ReadOnlyError):
            make_category()
    else:
        make_category()


def test_without_a_replica_the_database_itself_is_read(cluster: Cluster) -> None:
    db.connect(cluster.primary.url)
    assert serving_port() == cluster.primary.port
    category = make_category()
    with db.reading_from_replica():
        assert db.get_category(category.id) == category


@pytest.mark.parametrize("isolation", [None, "repeatable read", "serializable"])
def test_a_transaction_inside_only_reads(connected: Cluster, isolation: Any) -> None:
    # No standby can be serializable.
    server = connected.primary if isolation == "serializable" else connected.standby
    with db.reading_from_replica(), db.transaction(isolation):
        assert run_sql("SHOW transaction_read_only") == [("on",)]
        assert run_sql("SHOW transaction_isolation") == [(isolation or "read committed",)]
        assert run_sql(SERVED_BY) == [(server.port,)]
        with pytest.raises(db.ReadOnlyError):
            make_category()
        with db.transaction():
            assert run_sql(SERVED_BY) == [(server.port,)]
        with pytest.raises(db.InvalidInputError), db.transaction("serializable"):
            pytest.fail("the block was entered")
    make_category()


def test_a_block_belongs_to_its_thread_and_nests(connected: Cluster) -> None:
    with db.reading_from_replica():
        with db.reading_from_replica(), ThreadPoolExecutor(1) as thread:
            assert thread.submit(make_category).result().name
            assert thread.submit(run_sql, SERVED_BY).result() == [(connected.primary.port,)]
        with pytest.raises(db.ReadOnlyError):
            make_category()
    make_category()


def test_inside_a_transaction_it_is_refused(connected: Cluster) -> None:
    with db.connection(), db.transaction():
        category = make_category()
        with pytest.raises(db.ConflictError, match="before"), db.reading_from_replica():
            pytest.fail("the block was entered")
        assert db.get_category(category.id) == category
    with db.connection(), db.reading_from_replica(), db.transaction(), db.reading_from_replica():
        assert run_sql(SERVED_BY) == [(connected.standby.port,)]


def test_blocks_leave_no_connection_in_use(connected: Cluster) -> None:
    with db.connection():
        with db.reading_from_replica(), db.connection(), db.transaction():
            run_sql(SERVED_BY)
        assert run_sql(SERVED_BY) == [(connected.primary.port,)]
    with db.reading_from_replica():
        assert current_database().status().in_use == 0
        with pytest.raises(db.ConflictError, match="reading_from_replica"):
            db.disconnect()
        with pytest.raises(db.ConflictError, match="reading_from_replica"):
            db.connect(connected.primary.url)
    assert db.pool_status().in_use == 0


def test_the_content_cache_is_passed_by(cluster: Cluster) -> None:
    connect(cluster, content_cache_seconds=60)
    category = make_category()
    cluster.wait_for_standby()
    with db.reading_from_replica():
        for _ in range(2):
            with counting_statements() as sent:
                assert category.id in {each.id for each in db.list_categories().items}
            assert len(sent) == 1
    made = make_category()
    # Nothing that the replica gave is served to those who read elsewhere.
    assert made.id in {each.id for each in db.list_categories(limit=100).items}


def test_tasks_have_blocks_of_their_own(cluster: Cluster) -> None:
    async def port() -> int:
        return int((await run_sql_async(SERVED_BY))[0][0])

    async def work() -> None:
        url, replica_url = cluster.primary.url, cluster.standby.url
        async with aio.connect(url, replica_url=replica_url, connection_limit=2):
            async with aio.reading_from_replica():
                assert await port() == cluster.standby.port
                assert await asyncio.create_task(port()) == cluster.primary.port
                async with aio.transaction(), aio.reading_from_replica():
                    assert await port() == cluster.standby.port
                with pytest.raises(aio.ReadOnlyError):
                    await aio.create_category(aio.NewCategory(name="a", description=""))
                with pytest.raises(aio.ConflictError):
                    await aio.disconnect()
            assert await port() == cluster.primary.port
            async with aio.transaction():
                with pytest.raises(aio.ConflictError):
                    async with aio.reading_from_replica():
                        pytest.fail("the block was entered")
            # Whoever read with the threads that a block has used reads from the database again.
            ports = await asyncio.gather(*(port() for _ in range(4)))
            assert set(ports) == {cluster.primary.port}

    asyncio.run(work())


async def read_for_long() -> None:
    await run_sql_async("SELECT pg_sleep(600)")


async def read_for_long_from_replica() -> None:
    async with aio.reading_from_replica():
        await read_for_long()


async def cancel_at(
    server: ThrowawayPostgres,
    read: Callable[[], Coroutine[Any, Any, None]],
    meanwhile: Callable[[], None] = lambda: None,
) -> None:
    """Cancel a read once the server runs it, and wait until the server does so no more."""
    sleeping = "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)'"
    sleeping += " AND state = 'active'"
    reading = asyncio.create_task(read())
    await asyncio.to_thread(until, lambda: bool(ask(server, sleeping)))
    await asyncio.to_thread(meanwhile)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    await asyncio.to_thread(until, lambda: not ask(server, sleeping))


def test_a_cancelled_read_ends_at_the_replica(connected: Cluster) -> None:
    asyncio.run(cancel_at(connected.standby, read_for_long_from_replica))
    # A block of the thread that the loop runs in is none of its tasks'.
    with db.reading_from_replica():
        asyncio.run(cancel_at(connected.primary, read_for_long))


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_has_connections_of_its_own(connected: Cluster) -> None:
    def serving() -> str:
        with db.reading_from_replica():
            return str(run_sql("SELECT inet_server_port(), pg_backend_pid()")[0])

    before = serving()
    in_its_child = in_child(serving)
    assert in_its_child.startswith(f"({connected.standby.port},")
    assert in_its_child != before
    assert serving() == before
    with db.reading_from_replica():
        assert in_child(serving) not in (before, in_its_child)


def test_nothing_is_left_at_the_replica(cluster: Cluster) -> None:
    connect(cluster, application_name="leaves nothing")
    assert serving_port() == cluster.standby.port
    open_ones = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'leaves nothing'"
    assert ask(cluster.standby, open_ones)
    db.disconnect()
    until(lambda: not ask(cluster.standby, open_ones))


# -- a replica that is down --------------------------------------------------------------------


def passed_by(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What was logged of the replica, each message by its verb."""
    messages = [record.getMessage() for record in caplog.records if record.name == "triosigno_db"]
    verbs = {"is passed by": "passed by", "serves again": "serves again"}
    return [verbs[verb] for each in messages for verb in verbs if verb in each]


def test_a_replica_that_is_down_is_passed_by_until_it_is_back(
    connected: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "triosigno_db")
    user = make_user()
    connected.wait_for_standby()
    assert serving_port() == connected.standby.port
    finished = threading.Event()

    def read() -> int:
        lost = 0
        while not finished.is_set():
            with db.reading_from_replica():
                assert db.get_user_with_preferences(user.id) == user
                with db.connection():
                    assert db.count_users() >= 1
                try:
                    with db.transaction():
                        assert db.get_user(user.id).id == user.id
                except db.DatabaseUnavailableError:
                    lost += 1
        return lost

    with ThreadPoolExecutor(4) as threads:
        reading = [threads.submit(read) for _ in range(4)]
        try:
            kill(connected.standby)
            until_served_by(connected.primary)
            restart_after_kill(connected.standby)
            until_served_by(connected.standby)
        finally:
            finished.set()
        # No read was lost but in the transaction that was open then, if one was.
        assert [each.result() > 1 for each in reading] == [False] * 4
    assert passed_by(caplog) == ["passed by", "serves again"]


def test_a_replica_that_is_down_at_the_start_is_logged(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = cluster.standby.url.replace(f":{cluster.standby.port}/", ":1/")
    db.connect(cluster.primary.url, replica_url=nowhere)
    assert passed_by(caplog) == ["passed by"]
    assert "127.0.0.1:1" in caplog.text
    assert cluster.standby._password not in caplog.text
    assert serving_port() == cluster.primary.port
    assert passed_by(caplog) == ["passed by"]


@statement(reads_only=True, plans_once=False)
def slow_on_a_replica() -> Any:
    """Tell whether it is a replica, which takes its time."""
    return peewee.SQL(
        "SELECT pg_sleep(CASE WHEN pg_is_in_recovery() THEN 600 ELSE 0 END), pg_is_in_recovery()"
    )


def test_a_read_whose_replica_is_lost_is_repeated_on_the_database(connected: Cluster) -> None:
    def read() -> Any:
        with db.reading_from_replica():
            return fetch_all(slow_on_a_replica())[0][1]

    sleeping = "FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(CASE%' AND state = 'active'"
    with ThreadPoolExecutor(1) as thread:
        answer = thread.submit(read)
        until(lambda: bool(ask(connected.standby, f"SELECT 1 {sleeping}")))
        ask(connected.standby, f"SELECT pg_terminate_backend(pid) {sleeping}")
        assert answer.result() is False
    # It was that connection only.
    assert serving_port() == connected.standby.port


def test_a_transaction_whose_replica_is_lost_is_not_repeated(connected: Cluster) -> None:
    with pytest.raises(db.DatabaseUnavailableError), db.reading_from_replica(), db.transaction():
        ((backend,),) = run_sql("SELECT pg_backend_pid()")
        ask(connected.standby, "SELECT pg_terminate_backend(%s, 60000)", backend)
        db.count_users()
    assert serving_port() == connected.standby.port


def test_a_lost_commit_of_what_only_read_leaves_no_doubt(connected: Cluster) -> None:
    held: list[tuple[int, Any]] = []

    def read() -> None:
        with db.reading_from_replica(), db.transaction():
            ((backend,),) = run_sql("SELECT pg_backend_pid()")
            os.kill(backend, signal.SIGSTOP)
            held.append((backend, current_database()._state.conn))

    with ThreadPoolExecutor(1) as thread:
        reading = thread.submit(read)
        # Once an answer is due, the COMMIT is sent.
        until(lambda: bool(held) and math.isfinite(held[0][1].answer_due))
        os.kill(held[0][0], signal.SIGKILL)
        with pytest.raises(db.DatabaseUnavailableError):
            reading.result()
    # The whole server begins anew after such an end.
    until_served_by(connected.standby)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="a server's processes are not listed here")
def test_a_replica_that_stands_still_holds_nobody_up_for_long(cluster: Cluster) -> None:
    connect(cluster, statement_timeout=1, network_timeout=0.5)
    assert serving_port() == cluster.standby.port
    processes = processes_of(cluster.standby)
    for process in processes:
        os.kill(process, signal.SIGSTOP)
    try:
        # No server is there to end a statement: only the client's own clock helps.
        until_served_by(cluster.primary)
        assert db.count_users() >= 0
    finally:
        for process in processes:
            os.kill(process, signal.SIGCONT)
    until_served_by(cluster.standby)


def test_a_cancelled_read_ends_where_it_runs(cluster: Cluster) -> None:
    """Of several hosts another one may be the first that answers by then."""
    first, second = cluster.standby, cluster.primary
    url = first.url.replace(f":{first.port}/", f":{first.port},127.0.0.1:{second.port}/")
    kill(first)
    try:
        db.connect(url, target_session_attrs="any")
        asyncio.run(cancel_at(second, read_for_long, lambda: restart_after_kill(first)))
    finally:
        if not first.is_alive():
            restart_after_kill(first)


def test_of_several_replicas_the_one_whose_lag_is_known_serves(cluster: Cluster) -> None:
    first, second = cluster.standby, cluster.primary
    both = first.url.replace(f":{first.port}/", f":{first.port},127.0.0.1:{second.port}/")
    db.connect(cluster.primary.url, replica_url=both)
    assert serving_port() == first.port

    def second_serves_as_replica() -> bool:
        with db.reading_from_replica():
            return current_database() is not connected_database()

    kill(first)
    try:
        until_served_by(second)
        until(second_serves_as_replica)
    finally:
        restart_after_kill(first)
    together = threading.Barrier(4)

    def port_of_a_connection() -> int:
        with db.reading_from_replica(), db.connection():
            together.wait()
            return int(run_sql(SERVED_BY)[0][0])

    with ThreadPoolExecutor(4) as threads:
        ports = [threads.submit(port_of_a_connection) for _ in range(4)]
    assert {each.result() for each in ports} == {second.port}


@contextmanager
def listening(is_silent: bool) -> Iterator[tuple[int, list[socket.socket]]]:
    """Something that takes connections and says nothing, or ends them at once."""
    taken: list[socket.socket] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def take() -> None:
            with suppress(OSError):
                while True:
                    taken.append(server.accept()[0])
                    if not is_silent:
                        taken[-1].close()

        thread = threading.Thread(target=take)
        thread.start()
        try:
            yield server.getsockname()[1], taken
        finally:
            server.shutdown(socket.SHUT_RDWR)
            thread.join()
    for each in taken:
        each.close()


@pytest.mark.parametrize("is_silent", [True, False])
def test_a_replica_that_is_down_is_not_asked_again_at_every_call(
    cluster: Cluster, is_silent: bool, caplog: pytest.LogCaptureFixture
) -> None:
    with listening(is_silent) as (port, taken):
        nowhere = cluster.standby.url.replace(f":{cluster.standby.port}/", f":{port}/")
        started = time.monotonic()
        db.connect(cluster.primary.url, replica_url=nowhere)
        assert ("it does not answer" in caplog.text) is is_silent
        # Encrypted, and where that fails in the clear.
        at_a_time = len(taken)
        for _ in range(50):
            assert serving_port() == cluster.primary.port
        rounds = 1 + (time.monotonic() - started) // LEFT_ALONE_FOR
        assert 1 <= len(taken) <= at_a_time * rounds
        db.disconnect()


# -- a replica that lags -----------------------------------------------------------------------


@contextmanager
def paused(standby: ThrowawayPostgres) -> Iterator[None]:
    ask(standby, "SELECT pg_wal_replay_pause()")
    try:
        yield
    finally:
        ask(standby, "SELECT pg_wal_replay_resume()")


def test_a_replica_that_lags_is_passed_by_until_it_has_caught_up(
    cluster: Cluster, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "triosigno_db")
    connect(cluster, replica_max_lag=0.5)
    assert serving_port() == cluster.standby.port
    with paused(cluster.standby):
        category = make_category()
        until_served_by(cluster.primary)
        with db.reading_from_replica():
            assert db.get_category(category.id) == category
    until_served_by(cluster.standby)
    with db.reading_from_replica():
        assert db.get_category(category.id) == category
    assert passed_by(caplog) == ["passed by", "serves again"]


def test_without_a_limit_a_replica_may_lag(cluster: Cluster) -> None:
    connect(cluster, replica_max_lag=0)
    with paused(cluster.standby):
        category = make_category()
        until(lambda: seconds_behind(cluster) > 1.5)
        with db.reading_from_replica(), pytest.raises(db.NotFoundError):
            db.get_category(category.id)


def test_a_quiet_primary_is_no_lag(cluster: Cluster) -> None:
    connect(cluster, replica_max_lag=0.5)
    make_category()
    cluster.wait_for_standby()
    until(lambda: seconds_behind(cluster) > 2)
    assert serving_port() == cluster.standby.port


def seconds_behind(cluster: Cluster) -> float:
    since = "extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())"
    return float(ask(cluster.standby, f"SELECT {since}")[0][0])


def test_a_role_that_sees_no_statistics_can_tell_as_well(cluster: Cluster) -> None:
    ask(cluster.primary, "CREATE ROLE reader LOGIN PASSWORD 'reader'")
    ask(cluster.primary, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader")
    cluster.wait_for_standby()
    until(lambda: seconds_behind(cluster) > 1)
    address = f"127.0.0.1:{cluster.standby.port}/triosigno"
    db.connect(
        cluster.primary.url,
        replica_url=f"postgresql://reader:reader@{address}",
        replica_max_lag=0.5,
    )
    with db.reading_from_replica():
        assert run_sql("SELECT current_user") == [("reader",)]
        assert db.count_users() >= 0
