"""Iteration with `async for`."""

import inspect
from typing import Any

import pytest

import triosigno_db
from tests.aio.loops import asynchronous, nothing_runs_or_is_held
from triosigno_db import aio as db
from triosigno_db.testing.factories import make_category, make_user


@pytest.mark.usefixtures("triosigno_db")
@pytest.mark.parametrize("limit", [1, 2, 200])
def test_all_records_come_in_the_order_of_the_list(limit: int) -> None:
    for _ in range(5):
        make_category()
    for role in (db.UserRole.STUDENT, db.UserRole.TEACHER) * 3:
        make_user(role=role)
    teachers = triosigno_db.list_users(role=db.UserRole.TEACHER)
    assert len(teachers) == 3

    @asynchronous
    async def iterate() -> None:
        found = [
            user async for user in db.iterate(db.list_users, role=db.UserRole.TEACHER, limit=limit)
        ]
        assert found == list(teachers)
        categories = db.iterate(db.list_categories, limit=limit)
        assert inspect.isasyncgen(categories)
        assert [each async for each in categories] == list(triosigno_db.list_categories())
        await nothing_runs_or_is_held()

    iterate()


@pytest.mark.usefixtures("triosigno_db")
@asynchronous
async def test_pages_are_read_in_the_transaction_of_the_task() -> None:
    async with db.transaction():
        made = [
            (await db.create_category(db.NewCategory(name=name, description=""))).name
            for name in "abc"
        ]
        assert [each.name async for each in db.iterate(db.list_categories, limit=1)] == made


@pytest.mark.usefixtures("triosigno_db")
@asynchronous
async def test_no_connection_is_held_between_pages() -> None:
    for _ in range(3):
        make_category()
    async for _ in db.iterate(db.list_categories, limit=1):
        await nothing_runs_or_is_held()


@pytest.mark.parametrize("wrong", [triosigno_db.list_users, db.get_user, db.ping, db.Page, None])
def test_what_is_no_coroutine_function_of_pages_is_refused(wrong: Any) -> None:
    with pytest.raises(db.InvalidInputError, match="must be a coroutine function that returns"):
        db.iterate(wrong)
