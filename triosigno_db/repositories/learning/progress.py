"""Progress: the progress of a learner, and the signs that are due for review."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import peewee

from triosigno_db.arguments import check_id, check_integer
from triosigno_db.database.execution import fetch_one
from triosigno_db.database.statements import (
    NOW,
    Parameter,
    columns,
    compose,
    sql_columns,
    statement,
)
from triosigno_db.errors import NotFoundError
from triosigno_db.models import Lesson, LessonSign, Module, Progress, Sign, User
from triosigno_db.records import (
    ModuleProgress,
    Page,
    ProgressRecord,
    Selection,
    SignToReview,
    check_shape,
    default_shape,
)
from triosigno_db.records.learning import (
    MASTERED,
    MAX_MASTERY,
    MIN_MASTERY,
    ModuleProgressT,
    ProgressT,
    SignToReviewT,
)
from triosigno_db.repositories.pages import DEFAULT_LIMIT, fetch_page, filtered, paged
from triosigno_db.repositories.rows import fetch_record

REVIEW_DAYS = ((1, 0), (40, 1), (70, 3), (90, 7))
"""Pairs of a mastery and of the days after which a sign below that mastery is due again."""

MAX_REVIEW_DAYS = 21
"""The days after which a sign of a higher mastery is due again."""

_COUNTS = """
    pg_catalog.count(sign_id) AS "signCount", pg_catalog.count(mastery) AS "practicedCount",
    count(*) FILTER (WHERE mastery >= {mastered}) AS "masteredCount",
    coalesce(avg(coalesce(mastery, 0)) FILTER (WHERE sign_id IS NOT NULL), 0)::float8
        AS "meanMastery"
"""

# -- statements -------------------------------------------------------------------------------


@statement(reads_only=True)
def select_progress_of_sign(selection: Selection) -> Any:
    """Select the progress of a user with a sign."""
    return Progress.select(*columns(Progress, selection)).where(
        Progress.user == Parameter("user_id"), Progress.sign == Parameter("sign_id")
    )


@statement(reads_only=True, prepared=False)
def select_progress(selection: Selection, filters: tuple[str, ...], is_continued: bool) -> Any:
    """Select the progress of a user with the signs that match the filters, by sign id."""
    places = LessonSign.select(LessonSign.sign)
    of_module = places.join(Lesson, on=(Lesson.id == LessonSign.lesson))
    conditions = {
        "user_id": Progress.user == Parameter("user_id"),
        "lesson_id": Progress.sign.in_(places.where(LessonSign.lesson == Parameter("lesson_id"))),
        "module_id": Progress.sign.in_(of_module.where(Lesson.module == Parameter("module_id"))),
        "min_mastery": Progress.mastery_level >= Parameter("min_mastery"),
        "max_mastery": Progress.mastery_level <= Parameter("max_mastery"),
    }
    query: Any = Progress.select(*columns(Progress, selection))
    query = filtered(query, (conditions[name] for name in filters))
    return paged(query, Progress.sign, is_continued=is_continued)


@statement(reads_only=True)
def select_signs_to_review(
    selection: Selection, filters: tuple[str, ...], is_continued: bool
) -> Any:
    """Select the signs of a user that are due, longest overdue first."""
    del filters
    steps = [(Progress.mastery_level < bound, days) for bound, days in REVIEW_DAYS]
    days = peewee.Case(None, steps, MAX_REVIEW_DAYS)
    practiced = peewee.fn.coalesce(Progress.last_practiced, Progress.created_at)
    due_at = practiced + peewee.Function("pg_catalog.make_interval", (0, 0, 0, days))
    computed = {"dueAt": due_at}
    inside = selection.inside("sign")
    query = (
        Progress.select(
            *columns(Progress, selection, computed=computed, nested=("sign",)),
            *(columns(Sign, inside) if inside else ()),
        )
        .join(Sign, on=(Sign.id == Progress.sign))
        .where(Progress.user == Parameter("user_id"), due_at <= NOW)
    )
    return paged(query, due_at, Progress.sign, is_continued=is_continued)


@statement(reads_only=True)
def select_module_progress(selection: Selection) -> Any:
    """Select the progress of a user with a module and with each of its lessons."""
    counts = ("signCount", "practicedCount", "masteredCount", "meanMastery")
    inside = selection.inside("lessons")
    lesson_known = {
        "lessonId": "by_lesson.lesson_id",
        "title": "by_lesson.title",
        "order": 'by_lesson."order"',
        **{name: f'by_lesson."{name}"' for name in counts},
    }
    lessons: Any = peewee.SQL("NULL")
    if inside is not None:
        sql_columns("LessonProgress", lesson_known, inside)
        pairs = ", ".join(f"'{name}', {lesson_known[name]}" for name in inside.columns)
        lessons = peewee.SQL(
            "(SELECT coalesce(pg_catalog.json_agg("  # noqa: S608 (constant names)
            f"pg_catalog.json_build_object({pairs})"
            " ORDER BY by_lesson.\"order\", by_lesson.lesson_id), '[]') FROM by_lesson)"
        )
    known = {
        "moduleId": 'module."id"',
        "title": 'module."title"',
        **{name: f'module_total."{name}"' for name in counts},
    }
    return compose(
        """
        WITH practice AS (
            SELECT lesson."id" AS lesson_id, lesson."title" AS title, lesson."order" AS "order",
                place."signId" AS sign_id, progress."masteryLevel" AS mastery
            FROM {lesson} AS lesson
            LEFT JOIN {place} AS place ON place."lessonId" = lesson."id"
            LEFT JOIN {progress} AS progress
                ON progress."userId" = {user_id} AND progress."signId" = place."signId"
            WHERE lesson."moduleId" = {module_id}
        ), by_lesson AS (
            SELECT lesson_id, title, "order", {counts} FROM practice
            GROUP BY lesson_id, title, "order"
        ), module_total AS (
            SELECT {counts} FROM (
                SELECT DISTINCT sign_id, mastery FROM practice WHERE sign_id IS NOT NULL
            ) AS different
        )
        SELECT EXISTS (SELECT FROM {user} AS account WHERE account."id" = {user_id}),
            {lessons}, {columns}
        FROM {module} AS module, module_total WHERE module."id" = {module_id}
        """,
        lesson=Lesson,
        place=LessonSign,
        progress=Progress,
        user=User,
        module=Module,
        user_id=Parameter("user_id").cast("text"),
        module_id=Parameter("module_id").cast("text"),
        counts=peewee.SQL(_COUNTS.format(mastered=MASTERED)),
        lessons=lessons,
        columns=sql_columns("ModuleProgress", known, selection, nested=("lessons",)),
    )


# -- functions --------------------------------------------------------------------------------


def get_progress(
    user_id: str | UUID,
    sign_id: str | UUID,
    *,
    shape: type[ProgressT] = default_shape(ProgressRecord),
) -> ProgressT:
    """Read the progress of a learner with a sign.

    Args:
        user_id: The id of the learner.
        sign_id: The id of the sign.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The progress.

    Raises:
        NotFoundError: The learner has not practised the sign.
        InvalidInputError: An id is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    user_id = check_id("user_id", user_id)
    sign_id = check_id("sign_id", sign_id)
    checked = check_shape(shape, ProgressRecord)
    chosen = select_progress_of_sign(checked.selection)
    key = f"of user {user_id} with sign {sign_id}"
    return fetch_record(checked, "Progress", key, chosen, user_id=user_id, sign_id=sign_id)


def list_progress(
    user_id: str | UUID,
    *,
    module_id: str | UUID | None = None,
    lesson_id: str | UUID | None = None,
    min_mastery: int | None = None,
    max_mastery: int | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
    shape: type[ProgressT] = default_shape(ProgressRecord),
) -> Page[ProgressT]:
    """List the progress of a learner, in an order that practice does not change.

    Args:
        user_id: The id of the learner.
        module_id: Only signs of the lessons of this module.
        lesson_id: Only signs of this lesson.
        min_mastery: Only signs with at least this mastery, 0 to 100.
        max_mastery: Only signs with at most this mastery, 0 to 100.
        limit: The maximum number of signs per page, 1 to 200.
        cursor: The `next_cursor` of the previous page.
        shape: The record class to return; it may have fewer fields.

    Returns:
        One page of progress, sorted by sign id; it is empty if the learner does not exist.

    Raises:
        InvalidInputError: An id is not a valid id, a value is out of bounds, or the cursor does not
            belong to this list.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    filters: dict[str, Any] = {"user_id": check_id("user_id", user_id)}
    for name, value in (("module_id", module_id), ("lesson_id", lesson_id)):
        if value is not None:
            filters[name] = check_id(name, value)
    for name, bound in (("min_mastery", min_mastery), ("max_mastery", max_mastery)):
        if bound is not None:
            filters[name] = check_integer(name, bound, minimum=MIN_MASTERY, maximum=MAX_MASTERY)
    checked = check_shape(shape, ProgressRecord)
    return fetch_page(select_progress, checked, limit=limit, cursor=cursor, keys=1, **filters)


def get_module_progress(
    user_id: str | UUID,
    module_id: str | UUID,
    *,
    shape: type[ModuleProgressT] = default_shape(ModuleProgress),
) -> ModuleProgressT:
    """Read the progress of a learner with a module and each of its lessons, in one round trip.

    Args:
        user_id: The id of the learner.
        module_id: The id of the module.
        shape: The record class to return; it and its nested records may have fewer fields.

    Returns:
        The counts and the mean mastery of the module and of its lessons; the lessons are sorted by
        `order`, then by id.

    Raises:
        NotFoundError: The user or the module does not exist; `entity` says which.
        InvalidInputError: An id is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    user_id = check_id("user_id", user_id)
    module_id = check_id("module_id", module_id)
    checked = check_shape(shape, ModuleProgress)
    selection = checked.selection
    row = fetch_one(select_module_progress(selection), user_id=user_id, module_id=module_id)
    if row is None:
        raise NotFoundError("Module", module_id)
    is_user, lessons, *values = row
    if not is_user:
        raise NotFoundError("User", user_id)
    named = dict(zip(selection.columns, values, strict=True))
    return checked.from_values(named | {"lessons": lessons}, module_id)


def list_signs_to_review(
    user_id: str | UUID,
    *,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
    shape: type[SignToReviewT] = default_shape(SignToReview),
) -> Page[SignToReviewT]:
    """List the signs that a learner should review now, longest overdue first.

    A sign is due again some days after it was last practised: 0 days for a mastery below 1, 1 day
    below 40, 3 days below 70, 7 days below 90, and 21 days otherwise.

    Args:
        user_id: The id of the learner.
        limit: The maximum number of signs per page, 1 to 200.
        cursor: The `next_cursor` of the previous page.
        shape: The record class to return; it and its nested records may have fewer fields.

    Returns:
        One page of progress with the signs; it is empty if the learner does not exist.

    Raises:
        InvalidInputError: `user_id` is not a valid id, `limit` is out of bounds, or the cursor
            does not belong to this list.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    user_id = check_id("user_id", user_id)
    checked = check_shape(shape, SignToReview)
    selection = checked.selection
    inside = selection.inside("sign")
    width = len(selection.columns)

    def read(row: Sequence[Any], key: object) -> SignToReviewT:
        values = dict(zip(selection.columns, row, strict=False))
        if inside is not None:
            values["sign"] = dict(zip(inside.columns, row[width:], strict=True))
        return checked.from_values(values, key)

    return fetch_page(
        select_signs_to_review, checked, limit=limit, cursor=cursor, read=read, user_id=user_id
    )
