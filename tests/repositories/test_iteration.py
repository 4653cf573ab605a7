"""Iteration: all records of a list, page after page."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest

import triosigno_db as db
from triosigno_db import aio
from triosigno_db.database.lifecycle import current_database
from triosigno_db.testing import IsolatedDatabase, StatementCounter
from triosigno_db.testing.factories import (
    make_achievement,
    make_award,
    make_category,
    make_module,
    make_progress,
    make_session,
    make_sign,
    make_user,
)

ROWS = 5

LISTS: dict[str, Callable[..., db.Page[Any]]] = {
    name: getattr(db, name)
    for name in db.__all__
    if inspect.isfunction(getattr(db, name))
    and inspect.isclass(returned := inspect.signature(getattr(db, name)).return_annotation)
    and issubclass(returned, db.Page)
}


@pytest.fixture
def arguments(triosigno_db: IsolatedDatabase) -> dict[str, Any]:
    """Rows for every list, and the arguments that lists must be given."""
    user = make_user().id
    for number in range(ROWS):
        sign = make_sign(name=f"signe {number}").id
        make_progress(user_id=user, sign_id=sign, correct=0, wrong=1)
        make_session(user_id=user)
        make_award(user_id=user, achievement_id=make_achievement().id)
        make_category()
        make_user()
        make_module()
    return {"user_id": user, "text": "signe"}


def needed_of(function: Callable[..., Any], arguments: dict[str, Any]) -> dict[str, Any]:
    parameters = inspect.signature(function).parameters.values()
    return {each.name: arguments[each.name] for each in parameters if each.default is each.empty}


def test_every_list_is_tried() -> None:
    assert {*LISTS} == {name for name in db.__all__ if name.startswith(("list_", "search_"))}


@pytest.mark.parametrize("name", LISTS)
@pytest.mark.parametrize("limit", [1, 2, 200])
def test_all_records_come_in_the_order_of_the_list(
    arguments: dict[str, Any], name: str, limit: int
) -> None:
    needed = needed_of(LISTS[name], arguments)
    expected = LISTS[name](**needed, limit=200)
    assert len(expected) >= ROWS
    assert list(db.iterate(LISTS[name], **needed, limit=limit)) == list(expected)


def test_arguments_are_passed_on(arguments: dict[str, Any]) -> None:
    class Username(db.Record):
        username: str

    teachers = [make_user(role=db.UserRole.TEACHER).username for _ in range(3)]
    found = db.iterate(db.list_users, role=db.UserRole.TEACHER, limit=2, shape=Username)
    assert [user.username for user in found] == teachers[::-1]
    first = db.list_progress(arguments["user_id"], limit=2)
    others = db.iterate(db.list_progress, arguments["user_id"], cursor=first.next_cursor)
    assert [*first, *others] == [*db.list_progress(arguments["user_id"])]


def test_a_page_holds_200_records_unless_told_otherwise(
    triosigno_db: IsolatedDatabase, statement_counter: StatementCounter
) -> None:
    with db.transaction():
        for _ in range(201):
            make_category()
    statement_counter.reset()
    assert len(list(db.iterate(db.list_categories))) == 201
    assert len(statement_counter) == 2


def test_a_page_is_read_when_it_is_needed_and_no_connection_is_kept(
    arguments: dict[str, Any], statement_counter: StatementCounter
) -> None:
    statement_counter.reset()
    categories = db.iterate(db.list_categories, limit=1)
    assert len(statement_counter) == 0
    for number in range(1, ROWS):
        next(categories)
        assert len(statement_counter) == number
        assert current_database().is_closed()
        assert db.pool_status().in_use == 0


async def _page_without_cursor(*, limit: int) -> "db.Page[db.CategoryRecord]":
    return db.list_categories(limit=limit)


def _no_page() -> None: ...


@pytest.mark.parametrize(
    "wrong",
    [
        db.get_user,
        db.count_users,
        db.run_in_transaction,
        db.Page,
        aio.list_users,
        _no_page,
        _page_without_cursor,
        lambda **page: print(page),
        "list_users",
        None,
        print,
    ],
)
def test_what_does_not_return_pages_is_refused_before_anything_is_sent(wrong: Any) -> None:
    with pytest.raises(db.InvalidInputError, match="must be a function that returns a Page"):
        db.iterate(wrong)


def test_a_function_of_the_caller_may_return_pages_as_well(arguments: dict[str, Any]) -> None:
    def list_names(*, limit: int, cursor: str | None = None) -> "db.Page[db.CategoryRecord]":
        return db.list_categories(limit=limit, cursor=cursor, shape=db.CategoryRecord)

    assert len(list(db.iterate(list_names, limit=2))) >= ROWS


def test_arguments_that_the_function_does_not_take_are_a_type_error() -> None:
    with pytest.raises(TypeError, match="rôle"):
        db.iterate(db.list_users, rôle=1)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="user_id"):
        db.iterate(db.list_progress)  # type: ignore[arg-type]


@pytest.mark.usefixtures("triosigno_db")
def test_a_wrong_limit_or_cursor_is_refused_by_the_function() -> None:
    for wrong in ({"limit": 0}, {"limit": 201}, {"cursor": "x"}):
        with pytest.raises(db.InvalidInputError, match=next(iter(wrong))):
            next(db.iterate(db.list_users, **wrong))  # type: ignore[arg-type]
