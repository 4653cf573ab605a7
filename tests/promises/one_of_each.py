"""One row of each table, and columns that are set past the library."""

from psycopg2 import sql

import triosigno_db as db
from tests.plain_sql import run_plain
from triosigno_db.testing.factories import (
    make_category,
    make_lesson,
    make_module,
    make_sign,
    make_user,
)


def set_column(url: str, table: str, column: str, value: str) -> None:
    statement = sql.SQL("UPDATE {} SET {} = %s").format(
        sql.Identifier(table), sql.Identifier(column)
    )
    run_plain(url, statement, [value])


def make_one_of_each() -> dict[str, str]:
    """Make one row of each table; give their ids by the name of the model."""
    user, category = make_user(), make_category()
    sign = make_sign(category_id=category.id)
    module = make_module(lessons=0)
    lesson = make_lesson(signs=0, module_id=module.id)
    db.set_lesson_signs(lesson.id, [sign.id])
    badge = db.create_achievement(
        db.NewAchievement(
            name="b", description="", image_url="https://example.org/b.png", xp_reward=1
        )
    )
    return {
        "User": user.id,
        "UserPreference": user.preferences.id,  # type: ignore[union-attr]
        "SignCategory": category.id,
        "Sign": sign.id,
        "Module": module.id,
        "Lesson": lesson.id,
        "LessonSign": db.get_lesson(lesson.id).lesson_signs[0].id,
        "Progress": db.record_attempt(user.id, sign.id, is_correct=True).id,
        "LearningSession": db.start_session(user.id, lesson.id).id,
        "Achievement": badge.id,
        "UserAchievement": db.award_achievement(user.id, badge.id).id,
    }
