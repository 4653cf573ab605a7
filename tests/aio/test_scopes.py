"""Connections and transactions that belong to their task."""

import asyncio

import pytest

import triosigno_db
from tests.aio.loops import asynchronous, nothing_runs_or_is_held
from triosigno_db import aio as db
from triosigno_db.aio.calls import coroutine
from triosigno_db.database.execution import run_sql
from triosigno_db.testing.factories import make_user

run_sql_async = coroutine(run_sql)


async def backend() -> int:
    rows = await run_sql_async("SELECT pg_backend_pid()")
    return int(rows[0][0])


@pytest.mark.usefixtures("triosigno_db")
@asynchronous
async def test_a_block_holds_one_connection() -> None:
    async with db.connection():
        first = await backend()
        async with db.connection(), db.transaction():
            assert await backend() == first
        assert await asyncio.create_task(backend()) != first
        assert await backend() == first
    await nothing_runs_or_is_held()


@pytest.mark.usefixtures("triosigno_db")
@asynchronous
async def test_a_transaction_belongs_to_its_task() -> None:
    user = make_user(first_name=None)
    async with db.transaction():
        await db.update_user(user.id, db.UserChanges(first_name="Léa"))
        assert (await db.get_user(user.id)).first_name == "Léa"
        seen = await asyncio.gather(*(db.get_user(user.id) for _ in range(20)))
        assert {each.first_name for each in seen} == {None}
        assert triosigno_db.get_user(user.id).first_name is None
    assert (await db.get_user(user.id)).first_name == "Léa"


@pytest.mark.usefixtures("triosigno_db")
@asynchronous
async def test_many_transactions_at_once_keep_apart() -> None:
    users = [make_user(first_name=None) for _ in range(30)]

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


@pytest.mark.usefixtures("triosigno_db")
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


@pytest.mark.usefixtures("triosigno_db")
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


@pytest.mark.usefixtures("triosigno_db")
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


@pytest.mark.usefixtures("triosigno_db")
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
        await db.get_sign("")


# -- connecting -------------------------------------------------------------------------------


@asynchronous
async def test_nothing_works_before_connecting() -> None:
    with pytest.raises(db.NotConnectedError):
        await db.count_users()
    with pytest.raises(db.NotConnectedError):
        async with db.transaction():
            pass


@asynchronous
async def test_connecting_is_awaited_or_entered(triosigno_url: str) -> None:
    async with db.connect(triosigno_url):
        assert await db.count_users() == 0
    with pytest.raises(db.NotConnectedError):
        await db.count_users()
    await db.connect(triosigno_url, connection_limit=2)
    assert await db.count_users() == 0
    await db.disconnect()
    with pytest.raises(db.InvalidInputError):
        await db.connect("mysql://x")
    with pytest.raises(db.DatabaseUnavailableError):
        async with db.connect("postgresql://nobody@127.0.0.1:1/x"):
            pass


@pytest.mark.usefixtures("triosigno_db")
@asynchronous
async def test_a_block_is_left_before_the_database_is() -> None:
    async with db.connection():
        with pytest.raises(db.ConflictError):
            await db.disconnect()
        with pytest.raises(db.ConflictError):
            await db.connect("postgresql://nobody@127.0.0.1:1/x")
        assert await db.count_users() == 0
