"""A replica that serves reads: what goes there, and what does not."""

import asyncio
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from typing import Any

import peewee
import pytest

import triosigno_db as db
from tests.cluster import Cluster, ask, until
from tests.faults.replicas.standing_by import (
    SERVED_BY,
    cancel_at,
    connect,
    read_for_long,
    read_for_long_from_replica,
    run_sql_async,
    serving_port,
)
from tests.faults.test_fork import in_child
from tests.plain_sql import count_rows
from tests.promises.test_statements_sent import ONE, SEVERAL, make_rows
from triosigno_db import aio
from triosigno_db.database import replica_health
from triosigno_db.database.execution import run_sql
from triosigno_db.database.lifecycle import current_database
from triosigno_db.models import MODELS, SignCategory
from triosigno_db.testing import counting_statements
from triosigno_db.testing.factories import make_category

pytestmark = pytest.mark.xdist_group("replicas")

CALLS = {**ONE, **{name: call for name, (_, call) in SEVERAL.items()}}
CLEARED = [model.__name__ for model in reversed(peewee.sort_models(MODELS))]
READ = ("authenticate", "count_", "export_", "find_", "get_", "list_", "search_")
READ_HERE = "update_module"
"""It is called without any change, and only reads then."""


@pytest.fixture(autouse=True)
def _busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a machine that is busy answer the probe late: what is tried here is who serves."""
    monkeypatch.setattr(replica_health, "PROBE_TIMEOUT", 10.0)


@contextmanager
def ports_of_statements() -> Iterator[set[int]]:
    ports: set[int] = set()
    stop = db.on_statement(lambda event: ports.add(event.port))
    try:
        yield ports
    finally:
        stop()


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
    refused = pytest.raises(db.ReadOnlyError, match="insert_row_SignCategory writes")
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
        assert current_database().pool.get_status().in_use == 0
        with pytest.raises(db.ConflictError, match="reading_from_replica"):
            db.disconnect()
        with pytest.raises(db.ConflictError, match="reading_from_replica"):
            db.connect(connected.primary.url)
    assert db.pool_status().in_use == 0


def test_the_content_cache_is_skipped(cluster: Cluster) -> None:
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
