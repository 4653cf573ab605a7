"""Pages: visited to the end they give every row once, and their cursors can't be made up."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import triosigno_db as db
from triosigno_db.models import SignCategory
from triosigno_db.repositories import pages
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import (
    make_category,
    make_lesson,
    make_module,
    make_sign,
    make_user,
)

ROWS = 7
IMAGE = "https://example.org/image.webp"

List = Callable[..., db.Page[Any]]


@pytest.fixture
def lists(triosigno_db: IsolatedDatabase) -> dict[str, List]:
    """Every list, over seven rows each; what the rows share makes ties in their orders."""
    user, lesson, module = make_user(), make_lesson(signs=0), make_module(lessons=0)
    category = make_category().id
    for number in range(ROWS):
        sign = make_sign(category_id=category, name=f"signe {number}")
        db.record_attempt(user.id, sign.id, is_correct=False)
        db.start_session(user.id, lesson.id)
        make_lesson(signs=0, module_id=module.id, order=3)
        new = db.NewAchievement(name=f"a{number}", description="", image_url=IMAGE, xp_reward=1)
        db.award_achievement(user.id, db.create_achievement(new).id)
    for _ in range(ROWS - 1):
        make_user()
        make_category()
    for _ in range(ROWS - 2):
        make_module(lessons=0, order=1)
    return {
        "list_achievements": db.list_achievements,
        "list_categories": db.list_categories,
        "list_lessons": lambda **page: db.list_lessons(module_id=module.id, **page),
        "list_module_trees": db.list_module_trees,
        "list_modules": db.list_modules,
        "list_progress": lambda **page: db.list_progress(user.id, **page),
        "list_sessions": lambda **page: db.list_sessions(user_id=user.id, **page),
        "list_signs": lambda **page: db.list_signs(category_id=category, **page),
        "list_signs_to_review": lambda **page: db.list_signs_to_review(user.id, **page),
        "list_user_achievements": lambda **page: db.list_user_achievements(user.id, **page),
        "list_users": db.list_users,
        "search_signs": lambda **page: db.search_signs("SIGNE", **page),
    }


def visit(read: List, limit: int) -> list[Any]:
    items: list[Any] = []
    page = read(limit=limit)
    while True:
        assert len(page.items) <= limit
        assert page.has_more == (page.next_cursor is not None)
        items += page.items
        if not page.has_more:
            return items
        assert len(page.items) == limit
        page = read(limit=limit, cursor=page.next_cursor)


def test_every_list_is_here(lists: dict[str, List]) -> None:
    assert {*lists} == {name for name in db.__all__ if name.startswith(("list_", "search_"))}


@pytest.mark.parametrize("limit", [1, 2, 3, ROWS - 1, ROWS, 200])
def test_all_pages_together_are_the_whole_list(lists: dict[str, List], limit: int) -> None:
    for name, read in lists.items():
        whole = read(limit=200)
        assert (name, len(whole.items), whole.has_more) == (name, ROWS, False)
        assert visit(read, limit) == list(whole.items), name


@pytest.mark.parametrize("limit", [0, -1, 201, 1.0, True, "1", None])
def test_a_limit_out_of_bounds_is_refused(lists: dict[str, List], limit: Any) -> None:
    for read in lists.values():
        with pytest.raises(db.InvalidInputError, match=r"^limit: must be"):
            read(limit=limit)


def test_an_altered_cursor_is_refused(lists: dict[str, List]) -> None:
    for read in lists.values():
        cursor = read(limit=2).next_cursor
        assert cursor is not None
        altered = [
            cursor[:place] + ("A" if character != "A" else "B") + cursor[place + 1 :]
            for place, character in enumerate(cursor)
        ]
        odd = [
            "",
            "=",
            cursor[:-1],
            cursor + "A",
            cursor + "=",
            f" {cursor}",
            "é",
            1,
            b"",
            [],
            True,
        ]
        for wrong in [*altered, *odd]:
            with pytest.raises(db.InvalidInputError, match=r"^cursor: does not belong"):
                read(limit=2, cursor=wrong)


def test_a_cursor_belongs_to_its_list(lists: dict[str, List]) -> None:
    cursors = {name: read(limit=2).next_cursor for name, read in lists.items()}
    for name, read in lists.items():
        for other, cursor in cursors.items():
            if other != name:
                with pytest.raises(db.InvalidInputError, match=r"^cursor: "):
                    read(limit=2, cursor=cursor)


def test_a_cursor_belongs_to_its_filters(lists: dict[str, List]) -> None:
    cursor = db.list_users(limit=2).next_cursor
    for filters in ({"role": db.UserRole.STUDENT}, {"is_active": True}, {"search": "learner"}):
        with pytest.raises(db.InvalidInputError, match=r"^cursor: "):
            db.list_users(limit=2, cursor=cursor, **filters)
    assert db.list_users(limit=5, cursor=cursor).items


def test_without_the_secret_no_cursor_can_be_made(triosigno_db: IsolatedDatabase) -> None:
    for _ in range(3):
        make_category()
    known = db.list_categories(limit=1).next_cursor
    db.connect(triosigno_db.url, cursor_secret="a secret")
    with pytest.raises(db.InvalidInputError, match=r"^cursor: "):
        db.list_categories(limit=1, cursor=known)
    signed = db.list_categories(limit=1).next_cursor
    assert len(db.list_categories(limit=1, cursor=signed).items) == 1


def test_a_cursor_holds_no_more_than_its_row_s_keys(triosigno_db: IsolatedDatabase) -> None:
    make_user(username="first")
    make_user(username="second")
    cursor = db.list_users(limit=1).next_cursor
    assert cursor is not None
    user = db.find_user_by_username("second")
    assert user is not None
    packed = base64.urlsafe_b64decode(cursor + "==")
    at = user.created_at.replace(tzinfo=None).isoformat()
    assert json.loads(packed[16:]) == [{"at": at}, user.id]


def test_a_page_in_json_is_camel_case(triosigno_db: IsolatedDatabase) -> None:
    category = make_category()
    page = db.list_categories(limit=1)
    content = json.loads(page.model_dump_json())
    assert content["nextCursor"] is None
    assert content["hasMore"] is False
    assert content["items"][0]["name"] == category.name
    assert content["items"][0]["signCount"] == 0
    assert db.Page[db.CategoryWithCounts].model_validate_json(page.model_dump_json()) == page


names = st.text("abcé", min_size=1, max_size=3)


@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    there=st.sets(names, min_size=1, max_size=12),
    steps=st.lists(st.tuples(st.sampled_from(["insert", "delete"]), names), max_size=12),
    limit=st.integers(1, 4),
)
def test_rows_that_come_and_go_move_no_others(
    triosigno_db: IsolatedDatabase, there: set[str], steps: list[tuple[str, str]], limit: int
) -> None:
    SignCategory.delete().execute()
    ids = {name: make_category(name=name).id for name in there}
    kept = set(there)
    seen: list[str] = []
    waiting = iter(steps)
    page = db.list_categories(limit=limit)
    while True:
        seen += [category.name for category in page.items]
        if not page.has_more:
            break
        step, name = next(waiting, (None, ""))
        if step == "insert" and name not in ids:
            ids[name] = make_category(name=name).id
        elif step == "delete" and name in ids:
            db.delete_category(ids.pop(name))
            kept.discard(name)
        page = db.list_categories(limit=limit, cursor=page.next_cursor)
    assert len(seen) == len(set(seen))
    assert kept <= set(seen)
    order = [category.name for category in db.list_categories(limit=200).items]
    assert [name for name in order if name in kept] == [name for name in seen if name in kept]


@pytest.mark.usefixtures("triosigno_db")
@pytest.mark.parametrize(
    "keys",
    [
        *("", "{", "NaN", "null", "7", "{}", "[]", '["a","b"]', "[null]", "[[1]]"),
        *("[{}]", '[{"at":"no date"}]', '[{"at":7}]', '[{"at":null}]', "[" * 100_000),
    ],
    ids=lambda keys: keys[:30],
)
def test_a_cursor_that_is_signed_without_a_secret_is_still_looked_at(keys: str) -> None:
    digest = pages._digest(keys.encode(), "select_categories []")
    forged = base64.urlsafe_b64encode(digest + keys.encode()).decode().rstrip("=")
    with pytest.raises(db.InvalidInputError, match=r"^cursor: "):
        db.list_categories(cursor=forged)


@pytest.mark.usefixtures("triosigno_db")
def test_a_cursor_is_signed_as_the_forged_ones_are() -> None:
    for _ in range(2):
        make_category()
    cursor = db.list_categories(limit=1).next_cursor
    assert cursor is not None
    packed = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    assert packed[:16] == pages._digest(packed[16:], "select_categories []")


@pytest.mark.usefixtures("triosigno_db")
@pytest.mark.parametrize(
    ("statement", "keys", "call"),
    [
        ("select_modules", '["one","x"]', db.list_modules),
        ("select_modules", '[99999999999,"x"]', db.list_modules),
        ("select_users", '["no date","x"]', db.list_users),
        ("select_users", '[7,"x"]', db.list_users),
    ],
)
def test_keys_of_another_type_are_none_of_the_list(
    statement: str, keys: str, call: Callable[..., Any]
) -> None:
    digest = pages._digest(keys.encode(), f"{statement} []")
    forged = base64.urlsafe_b64encode(digest + keys.encode()).decode().rstrip("=")
    with pytest.raises(db.InvalidInputError, match=r"^cursor: "):
        call(cursor=forged)
