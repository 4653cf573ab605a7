"""Many callers at once: all are served, in turn, and the event loop stays free."""

import asyncio
import gc
import threading
import time
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import pytest

import triosigno_db as blocking
from tests.aio.loops import asynchronous, run_blocking
from triosigno_db import aio as db
from triosigno_db.aio.calls import run
from triosigno_db.database.execution import run_sql
from triosigno_db.database.lifecycle import current_database
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_module, make_sign, make_user

CALLS_IN_A_TURN = 250
"""How many calls' worth of processor time the event loop may spend in one turn, of a thousand."""


@asynchronous
async def test_a_thousand_callers_share_ten_connections(triosigno_url: str) -> None:
    async with db.connect(triosigno_url, connection_limit=10, password_cost=4):
        user, sign = make_user(), make_sign()
        attempts = (db.record_attempt(user.id, sign.id, is_correct=True) for _ in range(1000))
        progress = await asyncio.gather(*attempts)
        assert sorted(each.total_attempts for each in progress) == list(range(1, 1001))
        assert run_blocking("SELECT count(*) FROM pg_stat_activity WHERE true") <= 10
        assert not current_database().pool.get_status().in_use


@asynchronous
async def test_waiting_for_a_connection_ends(triosigno_url: str) -> None:
    async with db.connect(triosigno_url, connection_limit=1, pool_timeout=0.2):

        async def other() -> int:
            return await db.count_users()

        async with db.connection():
            with pytest.raises(db.PoolTimeoutError) as full:
                await asyncio.create_task(other())
            assert full.value.pool_size == 1
            assert await db.count_users() == 0
        assert await asyncio.create_task(other()) == 0


@asynchronous
async def test_hashing_a_password_leaves_the_loop_free(triosigno_url: str) -> None:
    async with db.connect(triosigno_url, password_cost=13):
        new = db.NewUser(email="a@b.org", username="a", password="secret")
        ticks = 0
        hashing = asyncio.create_task(db.create_user(new))
        while not hashing.done():
            await asyncio.sleep(0)
            ticks += 1
        await hashing
        assert ticks > 100


@asynchronous
async def test_a_thousand_callers_leave_the_loop_free(triosigno_url: str) -> None:
    async with db.connect(triosigno_url, connection_limit=10, password_cost=4):
        modules = [make_module(lessons=3).id for _ in range(5)]

        async def read() -> None:
            calls = (db.get_module_tree(modules[number % 5]) for number in range(1000))
            await asyncio.gather(*calls)

        # The best of some rounds: the first ones open the connections and compile the statements.
        turns = [await longest_turn(read()) for _ in range(5)]
        assert min(turns) < CALLS_IN_A_TURN * seconds_of_a_call(modules[0]), turns


def seconds_of_a_call(module_id: str) -> float:
    """Give the time on the processor that the same call takes where it blocks."""
    times = []
    for _ in range(20):
        started = time.thread_time()
        blocking.get_module_tree(module_id)
        times.append(time.thread_time() - started)
    return min(times)


async def longest_turn(work: Coroutine[Any, Any, None]) -> float:
    """Run a coroutine, and give the most of its thread's time that the loop spent in one turn.

    Time on the processor: a busy machine makes no difference to it.
    """
    longest = 0.0
    working = asyncio.create_task(work)
    while not working.done():
        started = time.thread_time()
        await asyncio.sleep(0)
        longest = max(longest, time.thread_time() - started)
    await working
    return longest


def test_several_loops_use_one_database_and_leave_no_thread(triosigno_db: IsolatedDatabase) -> None:
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


@asynchronous
async def test_a_call_that_is_between_two_statements_is_interrupted_later(
    triosigno_url: str,
) -> None:
    async with db.connect(triosigno_url, statement_timeout=0):
        has_begun, may_go_on, has_failed = (threading.Event() for _ in range(3))

        def call() -> None:
            has_begun.set()
            may_go_on.wait()
            with suppress(db.QueryTimeoutError):
                run_sql("SELECT pg_sleep(600)")
            has_failed.set()

        cancelled = asyncio.create_task(run(call))
        await asyncio.to_thread(has_begun.wait)
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        may_go_on.set()
        assert await asyncio.to_thread(has_failed.wait, 20)
