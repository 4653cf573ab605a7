"""Calls of every public function that together send each statement in each of its forms."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import triosigno_db as db
from tests.promises.test_statement_kinds import MORE
from tests.promises.test_statements_sent import IMAGE, ONE, SEVERAL, Call, Ids, make_rows
from triosigno_db.models import LearningSession
from triosigno_db.testing.factories import make_sign, make_user

LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)

FURTHER: dict[str, tuple[Call, ...]] = {
    "add_sign_to_lesson": (
        lambda ids: db.add_sign_to_lesson(ids["lesson"], ids["other_sign"], position=1),
    ),
    "complete_session": (
        lambda ids: db.complete_session(
            ids["session"],
            score=1,
            xp_earned=1,
            attempts=[db.Attempt(sign_id=ids["other_sign"], is_correct=False)],
            idempotency_key="k",
        ),
    ),
    "count_users": (
        lambda ids: db.count_users(role=db.UserRole.STUDENT, is_active=True, search="learner"),
    ),
    "create_lesson": (
        lambda ids: db.create_lesson(
            db.NewLesson(title="l", description="", module_id=ids["module"], order=1)
        ),
    ),
    "create_module": (
        lambda ids: db.create_module(db.NewModule(title="m", description="", order=1)),
    ),
    "create_user": (
        lambda ids: db.create_user(db.SignUp(email="e@example.org", username="e", password="p")),
    ),
    "delete_achievement": (lambda ids: db.delete_achievement(ids["earned"], cascade=True),),
    "delete_sign": (lambda ids: db.delete_sign(ids["other_sign"]),),
    "get_leaderboard": (
        lambda ids: db.get_leaderboard("all"),
        lambda ids: db.get_leaderboard("all", user_id=ids["user"]),
        lambda ids: db.get_leaderboard("month"),
    ),
    "get_learner_summary": (
        lambda ids: db.get_learner_summary(ids["user"]),
        # The streak of long ago takes a second statement.
        lambda ids: db.get_learner_summary(ids["veteran"]),
    ),
    "list_progress": (
        lambda ids: db.list_progress(
            ids["user"],
            module_id=ids["module"],
            lesson_id=ids["lesson"],
            min_mastery=0,
            max_mastery=100,
        ),
    ),
    "list_sessions": (
        lambda ids: db.list_sessions(
            user_id=ids["user"],
            lesson_id=ids["lesson"],
            completed=False,
            since=LONG_AGO,
            until=LONG_AGO + timedelta(days=1),
        ),
    ),
    "list_signs": (
        lambda ids: db.list_signs(
            category_id=ids["category"], difficulty=db.DifficultyLevel.BEGINNER
        ),
    ),
    "list_users": (
        lambda ids: db.list_users(role=db.UserRole.ADMIN, is_active=True, search="learner"),
    ),
    "record_attempt": (
        lambda ids: db.record_attempt(ids["user"], ids["sign"], is_correct=False, mastery_level=3),
    ),
    "record_attempts": (
        lambda ids: db.record_attempts(
            ids["user"], [db.Attempt(sign_id=ids["other_sign"], is_correct=True)]
        ),
    ),
    "revoke_achievement": (lambda ids: db.revoke_achievement(ids["user"], "earned"),),
    "search_signs": (
        lambda ids: db.search_signs(
            "etre", category_id=ids["category"], difficulty=db.DifficultyLevel.BEGINNER
        ),
    ),
    "update_achievement": (
        lambda ids: db.update_achievement(
            ids["achievement"],
            db.AchievementChanges(name="new", description="", image_url=IMAGE, xp_reward=3),
        ),
    ),
    "update_category": (
        lambda ids: db.update_category(
            ids["category"], db.CategoryChanges(name="new", description="", image_url=None)
        ),
    ),
    "update_lesson": (
        lambda ids: db.update_lesson(
            ids["lesson"],
            db.LessonChanges(title="new", description="", order=3, module_id=ids["module"]),
        ),
    ),
    "update_module": (
        lambda ids: db.update_module(
            ids["module"],
            db.ModuleChanges(title="new", description="", order=3, image_url=None),
        ),
    ),
    "update_preferences": (
        lambda ids: db.update_preferences(
            ids["user"],
            db.PreferenceChanges(
                language="en", notifications=False, dark_mode=True, learning_goal=3
            ),
        ),
    ),
    "update_sign": (
        lambda ids: db.update_sign(
            ids["sign"],
            db.SignChanges(
                name="new",
                description="",
                video_url=IMAGE,
                image_url=None,
                difficulty=db.DifficultyLevel.ADVANCED,
                category_id=ids["category"],
            ),
        ),
    ),
    "update_user": (
        lambda ids: db.update_user(
            ids["user"],
            db.UserChanges(
                email="new@example.org",
                username="new",
                first_name=None,
                last_name=None,
                profile_picture=None,
            ),
        ),
    ),
}
"""Calls with arguments that the calls of the other tests leave out."""

REPLACED = {"get_learner_summary", "revoke_achievement"}
"""The functions whose calls in other tests send statements that are not theirs, too."""


def every_call() -> Mapping[str, list[Call]]:
    """List the calls of each function."""
    known: dict[str, list[Call]] = {}
    for calls in (ONE, {name: call for name, (_, call) in SEVERAL.items()}, MORE):
        for name, call in calls.items():
            known.setdefault(name, []).append(call)
    return {
        name: [*(calls if name not in REPLACED else ()), *FURTHER.get(name, ())]
        for name, calls in sorted(known.items())
    }


def make_all_rows() -> Ids:
    """Make rows for the calls, and give their ids."""
    ids = make_rows()
    make_sign()
    veteran = make_user()
    session = db.start_session(veteran.id, ids["lesson"])
    db.complete_session(session.id, score=1, xp_earned=1)
    LearningSession.update(start_time=LONG_AGO, end_time=LONG_AGO + timedelta(days=1)).where(
        LearningSession.id == session.id
    ).execute()
    earned = db.create_achievement(
        db.NewAchievement(name="earned", description="", image_url=IMAGE, xp_reward=1)
    )
    db.award_achievement(ids["user"], "earned")
    return {**ids, "earned": earned.id, "veteran": veteran.id}


class UndoError(Exception):
    """Undoes a transaction."""


def run_and_undo(call: Call, ids: Ids) -> Any:
    """Call a function, undo what it has written, and return its result."""
    result = None
    with suppress(UndoError), db.transaction():
        result = call(ids)
        raise UndoError
    return result
