"""The functions as coroutines: the same, one transaction for each task, clean when cancelled."""

import asyncio
import gc
import inspect
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from functools import wraps
from types import FunctionType
from typing import Any

import psycopg2
import pytest

import triosigno_db
from tests.content import make_sign, make_user
from triosigno_db import aio as db
from triosigno_db.database import current_database, run_sql
from triosigno_db.tasks import coroutine

run_sql_async = coroutine(run_sql)

OWN_DOCS = {"connect", "connection", "disconnect", "ping", "run_in_transaction", "transaction"}
AT_ONCE = {"on_statement", "pool_status"}
FUNCTIONS = [
    name
    for name in db.__all__
    if isinstance(getattr(db, name), FunctionType) and name not in {*AT_ONCE, "connect"}
]


def asynchronous(test: Callable[..., Coroutine[Any, Any, None]]) -> Callable[..., None]:
    """Run a test on a loop of its own, which must be left without tasks."""

    @wraps(test)
    def run(*args: Any, **kwargs: Any) -> None:
        async def watched() -> None:
            await test(*args, **kwargs)
            left = asyncio.all_tasks() - {asyncio.current_task()}
            assert not left

        asyncio.run(watched(), debug=False)

    return run


@pytest.fixture
def database(url: str) -> str:
    """The library, connected without limits: whatever waits for a lock waits until it is ended."""
    triosigno_db.connect(url, password_cost=4, lock_timeout=0, statement_timeout=0)
    return url


@pytest.fixture
def lock_user(database: str) -> Callable[..., Any]:
    """Hold the row of a user in another session, so that whoever writes it waits."""

    @contextmanager
    def lock(user_id: str) -> Iterator[None]:
        with closing(psycopg2.connect(database)) as connection:
            connection.cursor().execute('SELECT 1 FROM "User" WHERE id = %s FOR UPDATE', (user_id,))
            yield

    return lock


async def waits_for_lock(how_many: int = 1) -> None:
    """Wait until so many sessions wait for a lock."""
    statement = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
    await until(lambda: run_blocking(statement) == how_many)


def run_blocking(statement: str) -> Any:
    settings = current_database().settings
    with closing(
        psycopg2.connect(dbname=settings.database, **settings.connection_parameters())
    ) as connection:
        cursor = connection.cursor()
        cursor.execute(statement + " AND datname = current_database() AND pid <> pg_backend_pid()")
        return cursor.fetchone()[0]


async def until(is_true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_true():
        assert time.monotonic() < deadline
        await asyncio.sleep(0.02)


async def nothing_runs_or_is_held() -> None:
    """Wait until the server runs nothing for the pool and no connection is in use."""
    active = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active'"
    await until(lambda: run_blocking(active) == 0 and not current_database()._in_use)


# -- the same functions -----------------------------------------------------------------------


def test_the_names_are_those_of_the_package() -> None:
    assert db.__all__ == triosigno_db.__all__
    for name in triosigno_db.__all__:
        here, there = getattr(db, name), getattr(triosigno_db, name)
        is_coroutine = isinstance(there, FunctionType) and name not in AT_ONCE
        assert (here is there) != is_coroutine, name


@pytest.mark.parametrize("name", sorted({*FUNCTIONS, "connect"}))
def test_each_function_has_the_same_signature(name: str) -> None:
    here, there = getattr(db, name), getattr(triosigno_db, name)
    parameters = [list(inspect.signature(each).parameters.values()) for each in (here, there)]
    assert parameters[0] == parameters[1] or name == "run_in_transaction"
    assert inspect.getdoc(here)
    if name not in OWN_DOCS:
        assert inspect.iscoroutinefunction(here)
        assert inspect.getdoc(here) == inspect.getdoc(there)


@pytest.mark.usefixtures("database")
@asynchronous
async def test_records_and_errors_are_the_same() -> None:
    user = await db.create_user(db.NewUser(email="a@b.org", username="a", password="secret"))
    assert await db.get_user(user.id) == triosigno_db.get_user(user.id)
    with pytest.raises(db.AlreadyExistsError) as taken:
        await db.create_user(db.NewUser(email="a@b.org", username="b", password="secret"))
    assert taken.value.field == "email"
    with pytest.raises(db.NotFoundError):
        await db.get_sign(user.id)
    with pytest.raises(db.InvalidInputError):
        await db.get_sign("nonsense")


# -- connecting -------------------------------------------------------------------------------


@asynchronous
async def test_nothing_works_before_connecting() -> None:
    with pytest.raises(db.NotConnectedError):
        await db.count_users()
    with pytest.raises(db.NotConnectedError):
        async with db.transaction():
            pass


@asynchronous
async def connect_and_disconnect(url: str) -> None:
    async with db.connect(url):
        assert await db.count_users() == 0
    with pytest.raises(db.NotConnectedError):
        await db.count_users()
    await db.connect(url, connection_limit=2)
    assert await db.count_users() == 0
    await db.disconnect()
    with pytest.raises(db.InvalidInputError):
        await db.connect("mysql://x")
    with pytest.raises(db.DatabaseUnavailableError):
        async with db.connect("postgresql://nobody@127.0.0.1:1/x"):
            pass


def test_connecting_is_awaited_or_entered(url: str) -> None:
    connect_and_disconnect(url)


def test_several_loops_use_one_database_and_leave_no_thread(database: str) -> None:
    before = set(threading.enumerate())

    async def work() -> None:
        assert await asyncio.gather(*(db.count_users() for _ in range(20))) == [0] * 20

    for _ in range(3):
        asyncio.run(work())
    gc.collect()
    deadline = time.monotonic() + 10
    while set(threading.enumerate()) - before:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.usefixtures("database")
@asynchronous
async def test_a_block_is_left_before_the_database_is() -> None:
    async with db.connection():
        with pytest.raises(db.ConflictError):
            await db.disconnect()
        with pytest.raises(db.ConflictError):
            await db.connect("postgresql://nobody@127.0.0.1:1/x")
        assert await db.count_users() == 0


# -- many callers -----------------------------------------------------------------------------


@asynchronous
async def many_callers(url: str) -> None:
    async with db.connect(url, connection_limit=10, password_cost=4):
        user, sign = make_user(), make_sign()
        attempts = (db.record_attempt(user.id, sign.id, is_correct=True) for _ in range(1000))
        progress = await asyncio.gather(*attempts)
        assert sorted(each.total_attempts for each in progress) == list(range(1, 1001))
        assert run_blocking("SELECT count(*) FROM pg_stat_activity WHERE true") <= 10
        assert not current_database()._in_use


def test_a_thousand_callers_share_ten_connections(url: str) -> None:
    many_callers(url)


@asynchronous
async def no_worker_is_free(url: str) -> None:
    async with db.connect(url, connection_limit=1, pool_timeout=0.2):

        async def other() -> int:
            return await db.count_users()

        async with db.connection():
            with pytest.raises(db.PoolTimeoutError) as full:
                await asyncio.create_task(other())
            assert full.value.pool_size == 1
            assert await db.count_users() == 0
        assert await asyncio.create_task(other()) == 0


def test_waiting_for_a_connection_ends(url: str) -> None:
    no_worker_is_free(url)


@asynchronous
async def slow_password(url: str) -> None:
    async with db.connect(url, password_cost=13):
        new = db.NewUser(email="a@b.org", username="a", password="secret")
        ticks = 0
        hashing = asyncio.create_task(db.create_user(new))
        while not hashing.done():
            await asyncio.sleep(0)
            ticks += 1
        await hashing
        assert ticks > 100


def test_hashing_a_password_leaves_the_loop_free(url: str) -> None:
    slow_password(url)


# -- blocks -----------------------------------------------------------------------------------


async def backend() -> int:
    rows = await run_sql_async("SELECT pg_backend_pid()")
    return int(rows[0][0])


@pytest.mark.usefixtures("database")
@asynchronous
async def test_a_block_holds_one_connection() -> None:
    async with db.connection():
        first = await backend()
        async with db.connection(), db.transaction():
            assert await backend() == first
        assert await asyncio.create_task(backend()) != first
        assert await backend() == first
    await nothing_runs_or_is_held()


@pytest.mark.usefixtures("database")
@asynchronous
async def test_a_transaction_belongs_to_its_task() -> None:
    user = make_user()
    async with db.transaction():
        await db.update_user(user.id, db.UserChanges(first_name="Léa"))
        assert (await db.get_user(user.id)).first_name == "Léa"
        seen = await asyncio.gather(*(db.get_user(user.id) for _ in range(20)))
        assert {each.first_name for each in seen} == {None}
        assert triosigno_db.get_user(user.id).first_name is None
    assert (await db.get_user(user.id)).first_name == "Léa"


@pytest.mark.usefixtures("database")
@asynchronous
async def test_many_transactions_at_once_keep_apart() -> None:
    users = [make_user() for _ in range(30)]

    async def rename(user: db.UserRecord, fails: bool) -> None:
        async with db.transaction():
            await db.update_user(user.id, db.UserChanges(first_name=user.username))
            await asyncio.sleep(0)
            assert (await db.get_user(user.id)).first_name == user.username
            if fails:
                raise KeyError(user.id)

    outcomes = await asyncio.gather(
        *(rename(user, number % 3 == 0) for number, user in enumerate(users)),
        return_exceptions=True,
    )
    assert [isinstance(each, KeyError) for each in outcomes] == [n % 3 == 0 for n in range(30)]
    names = [(await db.get_user(user.id)).first_name for user in users]
    assert names == [None if n % 3 == 0 else user.username for n, user in enumerate(users)]


@pytest.mark.usefixtures("database")
@asynchronous
async def test_a_block_inside_is_a_savepoint() -> None:
    async with db.transaction():
        kept = await db.create_user(db.NewUser(email="a@b.org", username="a", password="x"))
        with pytest.raises(db.AlreadyExistsError):
            async with db.transaction():
                await db.create_user(db.NewUser(email="c@b.org", username="c", password="x"))
                await db.create_user(db.NewUser(email="a@b.org", username="b", password="x"))
        assert await db.count_users() == 1
    assert (await db.get_user(kept.id)).email == "a@b.org"


@pytest.mark.usefixtures("database")
@asynchronous
async def test_isolation_is_chosen_outside_and_checked() -> None:
    async with db.transaction("serializable"):
        level = await run_sql_async("SHOW transaction_isolation")
        assert level[0][0] == "serializable"
        with pytest.raises(db.InvalidInputError):
            async with db.transaction("repeatable read"):
                pass
        assert await db.count_users() == 0
    with pytest.raises(db.InvalidInputError):
        async with db.transaction("chaos"):  # type: ignore[arg-type]
            pass
    await nothing_runs_or_is_held()


@pytest.mark.usefixtures("database")
@asynchronous
async def test_what_collided_runs_again() -> None:
    users = [make_user(first_name="0"), make_user(first_name="0")]
    calls = 0
    both_have_read = asyncio.Event()

    async def swap() -> None:
        nonlocal calls
        calls += 1
        first, second = [await db.get_user(user.id) for user in users]
        if calls == 2:
            both_have_read.set()
        await both_have_read.wait()
        total = str(int(first.first_name or 0) + int(second.first_name or 0) + 1)
        target = users[calls % 2]
        await db.update_user(target.id, db.UserChanges(first_name=total))

    await asyncio.gather(*(db.run_in_transaction(swap, isolation="serializable") for _ in "ab"))
    assert calls > 2
    with pytest.raises(db.InvalidInputError):
        await db.run_in_transaction(swap, tries=0)


# -- cancelling -------------------------------------------------------------------------------


@asynccontextmanager
async def cancelled(*awaitables: Awaitable[Any]) -> AsyncIterator[None]:
    """Run what is awaited until the block ends, then cancel it."""
    tasks = [asyncio.ensure_future(each) for each in awaitables]
    yield
    for task in tasks:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError) for each in outcomes), outcomes


@pytest.mark.usefixtures("database")
@asynchronous
async def call_is_cancelled(lock_user: Callable[..., Any]) -> None:
    user = make_user()
    change = db.UserChanges(first_name="never")
    with lock_user(user.id):
        async with cancelled(*(db.update_user(user.id, change) for _ in range(40))):
            await waits_for_lock(10)
        await nothing_runs_or_is_held()
        assert await asyncio.gather(*(db.count_users() for _ in range(40))) == [1] * 40
    assert (await db.get_user(user.id)).first_name is None


def test_a_cancelled_call_ends_on_the_server(database: str, lock_user: Callable[..., Any]) -> None:
    call_is_cancelled(lock_user)


@asynchronous
async def transaction_is_cancelled(lock_user: Callable[..., Any]) -> None:
    user, locked = make_user(), make_user()

    async def change_both() -> None:
        async with db.transaction():
            await db.update_user(user.id, db.UserChanges(first_name="never"))
            await db.update_user(locked.id, db.UserChanges(first_name="never"))

    with lock_user(locked.id):
        async with cancelled(change_both()):
            await waits_for_lock()
        await nothing_runs_or_is_held()
        # The first row is free again, and not changed.
        changed = await db.update_user(user.id, db.UserChanges(last_name="later"))
    assert (changed.first_name, changed.last_name) == (None, "later")


def test_a_cancelled_transaction_is_rolled_back(
    database: str, lock_user: Callable[..., Any]
) -> None:
    transaction_is_cancelled(lock_user)


@asynchronous
async def call_in_block_times_out(lock_user: Callable[..., Any]) -> None:
    user = make_user()
    with lock_user(user.id):
        async with db.connection():
            for _ in range(5):
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.1):
                        await db.update_user(user.id, db.UserChanges(first_name="never"))
                for _ in range(20):
                    assert await db.count_users() == 1
        async with db.transaction():
            made = await db.create_user(db.NewUser(email="a@b.org", username="a", password="x"))
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.1), db.transaction():
                    await db.update_user(user.id, db.UserChanges(first_name="never"))
            assert await db.count_users() == 2
    assert (await db.get_user(made.id)).email == "a@b.org"
    await nothing_runs_or_is_held()


def test_a_block_goes_on_after_a_call_that_took_too_long(
    database: str, lock_user: Callable[..., Any]
) -> None:
    call_in_block_times_out(lock_user)


@asynchronous
async def waiting_is_cancelled(url: str) -> None:
    async with db.connect(url, connection_limit=1):

        async def in_transaction() -> None:
            async with db.transaction():
                await db.count_users()

        waiting = (*(in_transaction() for _ in range(5)), db.count_users())
        async with db.connection(), cancelled(*waiting):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        assert await asyncio.create_task(db.count_users()) == 0
        await nothing_runs_or_is_held()


def test_whoever_stops_waiting_takes_no_connection_away(url: str) -> None:
    waiting_is_cancelled(url)


@pytest.mark.usefixtures("database")
@asynchronous
async def test_a_transaction_cancelled_at_any_moment_is_whole_or_gone() -> None:
    """Cancelled after 0, 1, 2, ... turns of the loop: while it enters, runs, or commits."""
    emails = [f"{number}@b.org" for number in range(200)]

    async def make_two(email: str) -> None:
        async with db.transaction():
            for kind in ("first", "second"):
                await db.create_user(
                    db.NewUser(email=f"{kind}{email}", username=f"{kind}{email}", password="x")
                )

    for number, email in enumerate(emails):
        task = asyncio.create_task(make_two(email))
        for _ in range(number * number // 10):
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await nothing_runs_or_is_held()
    assert 0 < await db.count_users() < 2 * len(emails)
    for email in emails:
        first = await db.find_user_by_email(f"first{email}")
        second = await db.find_user_by_email(f"second{email}")
        assert (first is None) == (second is None)
