"""The functions as coroutines: the same names, arguments, records and errors."""

import asyncio
import gc
import inspect
import threading
import time
from types import FunctionType

import pytest

import triosigno_db
from tests.aio.loops import asynchronous
from triosigno_db import aio as db

OWN_DOCS = {
    "connect",
    "connection",
    "disconnect",
    "ping",
    "reading_from_replica",
    "run_in_transaction",
    "transaction",
}
AT_ONCE = {"on_statement", "pool_stats", "pool_status"}
FUNCTIONS = [
    name
    for name in db.__all__
    if isinstance(getattr(db, name), FunctionType) and name not in {*AT_ONCE, "connect"}
]


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
async def test_connecting_is_awaited_or_entered(url: str) -> None:
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
