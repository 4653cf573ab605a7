"""Blocks of a task: suspended while a password is hashed, and entered again when needed."""

import pytest

import triosigno_db as blocking
from tests.aio.loops import asynchronous
from triosigno_db import aio as db
from triosigno_db.aio.calls import current_scope


@asynchronous
async def test_a_suspended_block_holds_nothing_and_goes_on(triosigno_url: str) -> None:
    async with db.connect(triosigno_url, connection_limit=1, pool_timeout=0.5):
        async with db.connection():
            scope = current_scope()
            assert scope is not None
            assert scope.is_suspendable
            assert await db.count_users() == 0
            assert blocking.pool_status().in_use == 1
            await scope.suspend()
            assert blocking.pool_status().in_use == 0
            await scope.suspend()
            assert await db.count_users() == 0
            assert blocking.pool_status().in_use == 1
        assert blocking.pool_status().in_use == 0
        assert await db.count_users() == 0


@asynchronous
async def test_a_block_may_be_left_while_it_is_suspended(triosigno_url: str) -> None:
    async with db.connect(triosigno_url, connection_limit=1, pool_timeout=0.5):
        for error in (None, ZeroDivisionError):
            try:
                async with db.connection(), db.connection():
                    scope = current_scope()
                    assert scope is not None
                    await scope.suspend()
                    if error is not None:
                        raise error
            except ZeroDivisionError:
                assert error is ZeroDivisionError
            assert await db.count_users() == 0


@asynchronous
async def test_a_transaction_begins_in_a_block_that_was_suspended(triosigno_url: str) -> None:
    async with db.connect(triosigno_url, connection_limit=1, pool_timeout=0.5), db.connection():
        scope = current_scope()
        assert scope is not None
        await scope.suspend()
        async with db.transaction():
            inner = current_scope()
            assert inner is not None
            assert not inner.is_suspendable
            await db.create_category(db.NewCategory(name="a", description="-"))
        assert len((await db.list_categories()).items) == 1


@asynchronous
async def test_a_block_that_can_not_be_entered_again_fails_and_is_left(triosigno_url: str) -> None:
    async with db.connect(triosigno_url, connection_limit=1, pool_timeout=0.1):
        async with db.connection():
            scope = current_scope()
            assert scope is not None
            await scope.suspend()
            with blocking.connection(), pytest.raises(db.PoolTimeoutError):
                await db.count_users()
            assert await db.count_users() == 0
        assert blocking.pool_status().in_use == 0
