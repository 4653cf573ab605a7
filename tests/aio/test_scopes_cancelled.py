"""Tasks that are cancelled: their statements end, their connections come back clean."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.aio.loops import asynchronous, nothing_runs_or_is_held, waits_for_lock
from triosigno_db import aio as db
from triosigno_db.testing.factories import make_user


@asynccontextmanager
async def cancelled(*awaitables: Awaitable[Any]) -> AsyncIterator[None]:
    """Run what is awaited until the block ends, then cancel it."""
    tasks = [asyncio.ensure_future(each) for each in awaitables]
    yield
    for task in tasks:
        task.cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert all(isinstance(each, asyncio.CancelledError) for each in outcomes), outcomes


@pytest.mark.usefixtures("triosigno_db")
@asynchronous
async def test_a_cancelled_call_ends_on_the_server(lock_user: Callable[..., Any]) -> None:
    user = make_user(first_name=None)
    change = db.UserChanges(first_name="never")
    with lock_user(user.id):
        async with cancelled(*(db.update_user(user.id, change) for _ in range(40))):
            await waits_for_lock(10)
        await nothing_runs_or_is_held()
        assert await asyncio.gather(*(db.count_users() for _ in range(40))) == [1] * 40
    assert (await db.get_user(user.id)).first_name is None


@asynchronous
async def test_a_cancelled_transaction_is_rolled_back(lock_user: Callable[..., Any]) -> None:
    user, locked = make_user(first_name=None), make_user()

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


@asynchronous
async def test_a_block_goes_on_after_a_call_that_took_too_long(
    lock_user: Callable[..., Any],
) -> None:
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


@asynchronous
async def test_whoever_stops_waiting_takes_no_connection_away(triosigno_url: str) -> None:
    async with db.connect(triosigno_url, connection_limit=1):

        async def in_transaction() -> None:
            async with db.transaction():
                await db.count_users()

        waiting = (*(in_transaction() for _ in range(5)), db.count_users())
        async with db.connection(), cancelled(*waiting):
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        assert await asyncio.create_task(db.count_users()) == 0
        await nothing_runs_or_is_held()


@pytest.mark.usefixtures("triosigno_db")
@asynchronous
async def test_a_transaction_cancelled_at_any_moment_is_whole_or_gone() -> None:
    """Cancelled after more and more turns of the loop: while it enters, runs, or commits."""
    emails = [f"{number}@b.org" for number in range(200)]

    async def make_two(number: int, email: str) -> None:
        async with db.transaction():
            for kind in ("first", "second"):
                await db.create_user(
                    db.NewUser(email=f"{kind}{email}", username=f"{kind}{number}", password="x")
                )

    # How many turns it takes depends on the machine.
    whole = asyncio.create_task(make_two(-1, "whole@b.org"))
    turns = 0
    while not whole.done():
        await asyncio.sleep(0)
        turns += 1
    for number, email in enumerate(emails):
        task = asyncio.create_task(make_two(number, email))
        for _ in range(2 * turns * number // len(emails)):
            if task.done():
                break
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await nothing_runs_or_is_held()
    assert 2 < await db.count_users() < 2 * len(emails)
    for email in emails:
        first = await db.find_user_by_email(f"first{email}")
        second = await db.find_user_by_email(f"second{email}")
        assert (first is None) == (second is None)
