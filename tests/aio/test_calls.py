"""Calls of coroutines: on a thread of the loop, or on one of those that hash passwords."""

import asyncio
from collections.abc import Callable
from typing import Any

import bcrypt
import pytest

import triosigno_db as blocking
from tests.aio.loops import asynchronous
from tests.sampling import mostly_slow
from triosigno_db import aio as db
from triosigno_db.aio.calls import current_task, current_workers
from triosigno_db.passwords import HASHING_THREADS

Compare = Callable[[bytes, bytes], bool]


async def log_in() -> None:
    with pytest.raises(db.InvalidCredentialsError):
        await db.authenticate("lea", "wrong")


async def log_in_within_a_request() -> None:
    async with db.connection():
        await db.count_users()
        await log_in()
        await db.count_users()


async def log_in_within_a_transaction() -> None:
    async with db.transaction():
        await log_in()


async def create_lea() -> None:
    await db.create_user(db.NewUser(email="lea@b.org", username="lea", password="secret"))


@pytest.fixture
def in_use(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many connections were in use whenever a password was compared."""
    counts: list[int] = []
    compare: Compare = bcrypt.checkpw

    def count(password: bytes, known: bytes) -> bool:
        counts.append(blocking.pool_status().in_use)
        return compare(password, known)

    monkeypatch.setattr(bcrypt, "checkpw", count)
    return counts


@pytest.mark.parametrize("request_", mostly_slow([log_in_within_a_request, log_in], 1))
@asynchronous
async def test_many_logins_leave_the_connections_to_others(
    triosigno_url: str, request_: Callable[[], Any]
) -> None:
    # The logins together take longer than a call may wait for a connection.
    options = {"connection_limit": 3, "pool_timeout": 1, "password_cost": 10}
    async with db.connect(triosigno_url, **options):
        await create_lea()
        logins = [asyncio.create_task(request_()) for _ in range(60)]
        await asyncio.sleep(0)
        for _ in range(20):
            assert await db.count_users() == 1
        assert not all(login.done() for login in logins)
        await asyncio.gather(*logins)


@pytest.mark.parametrize(
    ("request_", "held"),
    [(log_in, 0), (log_in_within_a_request, 0), (log_in_within_a_transaction, 1)],
)
@asynchronous
async def test_no_connection_is_held_while_a_password_is_compared(
    triosigno_url: str, in_use: list[int], request_: Callable[[], Any], held: int
) -> None:
    async with db.connect(triosigno_url, password_cost=4):
        await create_lea()
        await request_()
        assert in_use == [held]


@asynchronous
async def test_hashing_has_a_bounded_number_of_threads(triosigno_url: str) -> None:
    async with db.connect(triosigno_url, password_cost=4):
        await create_lea()
        await asyncio.gather(*(log_in() for _ in range(30)))
        workers = current_workers()
        assert len(workers.hashing._workers) <= 2 * HASHING_THREADS
        assert len(workers.calls._workers) == 0


@asynchronous
async def test_a_function_that_hashes_may_be_cancelled(triosigno_url: str) -> None:
    async with db.connect(triosigno_url, connection_limit=1, password_cost=10):
        logins = [asyncio.create_task(log_in_within_a_request()) for _ in range(8)]
        await asyncio.sleep(0.05)
        for login in logins:
            login.cancel()
        await asyncio.gather(*logins, return_exceptions=True)
        await log_in()
        assert await db.count_users() == 0


def test_only_a_task_can_enter_a_block() -> None:
    async def start() -> None:
        loop = asyncio.get_running_loop()
        failed: asyncio.Future[Any] = loop.create_future()

        def call() -> None:
            try:
                current_task()
            except RuntimeError as exc:
                failed.set_result(exc)

        loop.call_soon(call)
        assert "task" in str(await failed)

    asyncio.run(start())
