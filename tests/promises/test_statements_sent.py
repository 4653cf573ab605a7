"""How many statements each function sends: one, unless it is a transaction of several."""

import inspect
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

import triosigno_db as db
from triosigno_db.testing import IsolatedDatabase, counting_statements
from triosigno_db.testing.factories import (
    make_category,
    make_lesson,
    make_module,
    make_sign,
    make_user,
)

SEND_NOTHING_OF_THEIR_OWN = {
    "connect",
    "connection",
    "create_schema",
    "disconnect",
    "drop_schema",
    "iterate",
    "on_statement",
    "ping",
    "pool_stats",
    "pool_status",
    "reading_from_replica",
    "run_in_transaction",
    "transaction",
}
FUNCTIONS = {
    name
    for name in db.__all__
    if inspect.isfunction(getattr(db, name)) and name not in SEND_NOTHING_OF_THEIR_OWN
}
IMAGE = "https://example.org/image.webp"

Ids = Mapping[str, str]
Call = Callable[[Ids], Any]

ONE: dict[str, Call] = {
    "abandon_session": lambda ids: db.abandon_session(ids["session"]),
    "authenticate": lambda ids: db.authenticate(ids["username"], "mot de passe"),
    "award_achievement": lambda ids: db.award_achievement(ids["user"], "first"),
    "complete_session": lambda ids: db.complete_session(ids["session"], score=1, xp_earned=1),
    "count_users": lambda ids: db.count_users(search="learner"),
    "create_achievement": lambda ids: db.create_achievement(
        db.NewAchievement(name="second", description="", image_url=IMAGE, xp_reward=1)
    ),
    "create_category": lambda ids: make_category(),
    "create_sign": lambda ids: make_sign(category_id=ids["category"]),
    "create_user": lambda ids: make_user(),
    "deactivate_user": lambda ids: db.deactivate_user(ids["user"]),
    "delete_idempotency_keys": lambda ids: db.delete_idempotency_keys(before=datetime.now(UTC)),
    "delete_sign": lambda ids: db.delete_sign(ids["sign"], cascade=True),
    "delete_user": lambda ids: db.delete_user(ids["user"]),
    "export_user": lambda ids: db.export_user(ids["user"]),
    "find_sign_by_name": lambda ids: db.find_sign_by_name("Être"),
    "find_user_by_email": lambda ids: db.find_user_by_email("a@example.org"),
    "find_user_by_username": lambda ids: db.find_user_by_username(ids["username"]),
    "get_achievement": lambda ids: db.get_achievement(ids["achievement"]),
    "get_category": lambda ids: db.get_category(ids["category"]),
    "get_leaderboard": lambda ids: db.get_leaderboard("week", user_id=ids["user"]),
    "get_learner_summary": lambda ids: db.get_learner_summary(ids["user"]),
    "get_lesson": lambda ids: db.get_lesson(ids["lesson"]),
    "get_module": lambda ids: db.get_module(ids["module"]),
    "get_module_progress": lambda ids: db.get_module_progress(ids["user"], ids["module"]),
    "get_module_tree": lambda ids: db.get_module_tree(ids["module"]),
    "get_preferences": lambda ids: db.get_preferences(ids["user"]),
    "get_progress": lambda ids: db.get_progress(ids["user"], ids["sign"]),
    "get_session": lambda ids: db.get_session(ids["session"]),
    "get_sign": lambda ids: db.get_sign(ids["sign"]),
    "get_user": lambda ids: db.get_user(ids["user"]),
    "get_user_with_preferences": lambda ids: db.get_user_with_preferences(ids["user"]),
    "list_achievements": lambda ids: db.list_achievements(),
    "list_categories": lambda ids: db.list_categories(),
    "list_lessons": lambda ids: db.list_lessons(module_id=ids["module"]),
    "list_modules": lambda ids: db.list_modules(),
    "list_progress": lambda ids: db.list_progress(ids["user"], module_id=ids["module"]),
    "list_sessions": lambda ids: db.list_sessions(user_id=ids["user"], completed=False),
    "list_signs": lambda ids: db.list_signs(category_id=ids["category"]),
    "list_signs_to_review": lambda ids: db.list_signs_to_review(ids["user"]),
    "list_user_achievements": lambda ids: db.list_user_achievements(ids["user"]),
    "list_users": lambda ids: db.list_users(role=db.UserRole.STUDENT, search="learner"),
    "reactivate_user": lambda ids: db.reactivate_user(ids["user"]),
    "record_attempt": lambda ids: db.record_attempt(ids["user"], ids["sign"], is_correct=True),
    "record_attempts": lambda ids: db.record_attempts(
        ids["user"], [db.Attempt(sign_id=ids["sign"], is_correct=True)] * 100
    ),
    "search_signs": lambda ids: db.search_signs("etre"),
    "set_password": lambda ids: db.set_password(ids["user"], "another password"),
    "set_role": lambda ids: db.set_role(ids["user"], db.UserRole.TEACHER),
    "start_session": lambda ids: db.start_session(ids["user"], ids["lesson"]),
    "update_achievement": lambda ids: db.update_achievement(
        ids["achievement"], db.AchievementChanges(xp_reward=3)
    ),
    "update_category": lambda ids: db.update_category(
        ids["category"], db.CategoryChanges(name="new", description="")
    ),
    "update_lesson": lambda ids: db.update_lesson(ids["lesson"], db.LessonChanges(title="new")),
    "update_module": lambda ids: db.update_module(ids["module"], db.ModuleChanges()),
    "update_preferences": lambda ids: db.update_preferences(
        ids["user"], db.PreferenceChanges(language="en")
    ),
    "update_sign": lambda ids: db.update_sign(ids["sign"], db.SignChanges(image_url=None)),
    "update_user": lambda ids: db.update_user(ids["user"], db.UserChanges(first_name=None)),
}

SEVERAL: dict[str, tuple[int, Call]] = {
    # The lesson is locked, its present signs are read, written, and read back.
    "add_sign_to_lesson": (
        4,
        lambda ids: db.add_sign_to_lesson(ids["lesson"], ids["other_sign"]),
    ),
    # The module is locked.
    "create_lesson": (
        2,
        lambda ids: db.create_lesson(
            db.NewLesson(title="l", description="", module_id=ids["module"])
        ),
    ),
    # The table and the last module are locked.
    "create_module": (3, lambda ids: db.create_module(db.NewModule(title="m", description=""))),
    # The row is locked before what refers to it is counted.
    "delete_achievement": (2, lambda ids: db.delete_achievement(ids["achievement"])),
    "delete_category": (2, lambda ids: db.delete_category(ids["empty_category"])),
    "delete_lesson": (2, lambda ids: db.delete_lesson(ids["empty_lesson"])),
    "delete_module": (2, lambda ids: db.delete_module(ids["empty_module"])),
    # The hash is read and compared before another takes its place.
    "change_password": (
        2,
        lambda ids: db.change_password(ids["user"], "mot de passe", "another"),
    ),
    # The modules, then all that is in them.
    "list_module_trees": (2, lambda ids: db.list_module_trees()),
    "remove_sign_from_lesson": (
        3,
        lambda ids: db.remove_sign_from_lesson(ids["lesson"], ids["sign"]),
    ),
    # The parent and the rows are locked.
    "reorder_lesson_signs": (3, lambda ids: db.reorder_lesson_signs(ids["lesson"], [ids["sign"]])),
    "reorder_lessons": (
        3,
        lambda ids: db.reorder_lessons(ids["module"], [ids["empty_lesson"], ids["lesson"]]),
    ),
    # The table, the last module and the rows are locked.
    "reorder_modules": (4, lambda ids: db.reorder_modules([ids["empty_module"], ids["module"]])),
    "revoke_achievement": (
        2,
        lambda ids: (
            db.award_achievement(ids["user"], "first"),
            db.revoke_achievement(ids["user"], "first"),
        ),
    ),
    "set_lesson_signs": (
        3,
        lambda ids: db.set_lesson_signs(ids["lesson"], [ids["other_sign"], ids["sign"]]),
    ),
}


def make_rows() -> Ids:
    """Make a learner and some content, more rows of each kind beside them, and give the ids."""
    user, sign, other = make_user(), make_sign(name="Être"), make_sign()
    module, empty_module = make_module(lessons=0), make_module(lessons=0)
    lesson, empty_lesson = (make_lesson(signs=0, module_id=module.id) for _ in range(2))
    db.set_lesson_signs(lesson.id, [sign.id])
    db.record_attempt(user.id, sign.id, is_correct=True)
    achievement = db.create_achievement(
        db.NewAchievement(name="first", description="", image_url=IMAGE, xp_reward=1)
    )
    return {
        "user": user.id,
        "username": user.username,
        "sign": sign.id,
        "other_sign": other.id,
        "category": sign.category_id,
        "empty_category": make_category().id,
        "module": module.id,
        "empty_module": empty_module.id,
        "lesson": lesson.id,
        "empty_lesson": empty_lesson.id,
        "session": db.start_session(user.id, lesson.id).id,
        "achievement": achievement.id,
    }


@pytest.fixture
def ids(triosigno_db: IsolatedDatabase) -> Ids:
    return make_rows()


def test_every_function_is_counted() -> None:
    assert {*ONE, *SEVERAL} == FUNCTIONS


@pytest.mark.parametrize("name", ONE)
def test_one_statement_does(ids: Ids, name: str) -> None:
    with counting_statements() as sent:
        ONE[name](ids)
    assert len(sent) == 1, sent.names


@pytest.mark.parametrize("name", SEVERAL)
def test_no_more_statements_than_are_needed(ids: Ids, name: str) -> None:
    expected, call = SEVERAL[name]
    with counting_statements() as sent:
        call(ids)
    assert len(sent) == expected, sent.names


def test_a_session_with_attempts_is_completed_by_two(ids: Ids) -> None:
    attempts = [db.Attempt(sign_id=ids[key], is_correct=True) for key in ("sign", "other_sign")]
    with counting_statements() as sent:
        db.complete_session(ids["session"], score=1, xp_earned=1, attempts=attempts)
    assert len(sent) == 2, sent.names


@pytest.mark.parametrize("lessons", [1, 10])
def test_trees_take_as_many_statements_however_large_they_are(
    triosigno_db: IsolatedDatabase, lessons: int
) -> None:
    for _ in range(3):
        module = make_module(lessons=0)
        for _ in range(lessons):
            db.set_lesson_signs(make_lesson(signs=0, module_id=module.id).id, [make_sign().id])
    with counting_statements() as sent:
        db.list_module_trees()
    assert len(sent) == 2
