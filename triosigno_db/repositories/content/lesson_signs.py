"""The signs of a lesson: set, add, remove and reorder them."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from triosigno_db.arguments import check_id, check_ids, check_integer
from triosigno_db.database.execution import fetch_all
from triosigno_db.database.statements import NOW, Parameter, compose, statement
from triosigno_db.errors import AlreadyExistsError, NotFoundError, UnreadableRowError
from triosigno_db.models import LessonSign, Sign
from triosigno_db.models.fields import MAX_INTEGER, new_id
from triosigno_db.records import (
    LessonSignRecord,
    LessonWithSigns,
    Record,
    check_shape,
    default_shape,
)
from triosigno_db.records.content import LessonSignT, LessonWithSignsT
from triosigno_db.repositories.caching import changing_content
from triosigno_db.repositories.concurrency import run_with_locks
from triosigno_db.repositories.content.ordering import LESSON_SIGNS, lock_order, reorder
from triosigno_db.repositories.content.trees import get_lesson

RecordT = TypeVar("RecordT", bound=Record)

# -- statements -------------------------------------------------------------------------------


@statement(reads_only=True)
def select_signs_of_lesson() -> Any:
    """Select the ids of the signs of a lesson, in order."""
    return (
        LessonSign.select(LessonSign.sign)
        .where(LessonSign.lesson == Parameter("lesson_id"))
        .order_by(LessonSign.order, LessonSign.id)
    )


@statement(reads_only=False)
def replace_signs_of_lesson() -> Any:
    """Replace the signs of a lesson, which is locked; or select the listed signs that are missing.

    The listed signs are locked against deletion. Other signs are removed, those that the lesson has
    are moved, new ones are inserted.
    """
    return compose(
        """
        WITH listed AS (
            SELECT * FROM unnest({new_ids}, {sign_ids}) WITH ORDINALITY
                AS listed(id, sign_id, position)
        ), locked AS (
            SELECT "id" FROM {sign} WHERE "id" = ANY({sign_ids}) ORDER BY "id" FOR KEY SHARE
        ), missing AS (
            SELECT sign_id, position FROM listed
            WHERE NOT EXISTS (SELECT 1 FROM locked WHERE locked."id" = listed.sign_id)
        ), removed AS (
            DELETE FROM {lesson_sign}
            WHERE "lessonId" = {lesson_id} AND "signId" <> ALL({sign_ids})
        ), placed AS (
            INSERT INTO {lesson_sign}
                ("id", "lessonId", "signId", "order", "createdAt", "updatedAt")
            SELECT id, {lesson_id}, sign_id, position, {now}, {now} FROM listed
            WHERE NOT EXISTS (SELECT 1 FROM missing)
            ON CONFLICT ("lessonId", "signId") DO UPDATE
                SET "order" = excluded."order", "updatedAt" = excluded."updatedAt"
        )
        SELECT sign_id FROM missing ORDER BY position
        """,
        new_ids=Parameter("new_ids").cast("text[]"),
        sign_ids=Parameter("sign_ids").cast("text[]"),
        lesson_id=Parameter("lesson_id").cast("text"),
        sign=Sign,
        lesson_sign=LessonSign,
        now=NOW,
    )


@statement(reads_only=False)
def delete_sign_of_lesson() -> Any:
    """Delete a sign from a lesson."""
    return (
        LessonSign.delete()
        .where(LessonSign.lesson == Parameter("lesson_id"), LessonSign.sign == Parameter("sign_id"))
        .returning(LessonSign.id)
    )


# -- functions --------------------------------------------------------------------------------


def set_lesson_signs(
    lesson_id: str | UUID,
    sign_ids: Sequence[str | UUID],
    *,
    shape: type[LessonWithSignsT] = default_shape(LessonWithSigns),
) -> LessonWithSignsT:
    """Replace the signs of a lesson by a list of signs, in one transaction.

    Signs that are not in the list are removed from the lesson; the others keep their `LessonSign`
    row. If two calls change the same lesson concurrently, the later one wins.

    Args:
        lesson_id: The id of the lesson.
        sign_ids: The ids of the signs in order, without duplicates; they are numbered from 1. The
            list may be empty.
        shape: The record class to return; it and its nested records may have fewer fields.

    Returns:
        The lesson with its signs.

    Raises:
        NotFoundError: The lesson or one of the signs does not exist.
        InvalidInputError: An id is not a valid id, or a sign is listed twice.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    lesson_id = check_id("lesson_id", lesson_id)
    ids = check_ids("sign_ids", sign_ids)
    check_shape(shape, LessonWithSigns)

    def change() -> LessonWithSignsT:
        lock_order(LESSON_SIGNS, parent_id=lesson_id)
        _place(lesson_id, ids)
        return get_lesson(lesson_id, shape=shape)

    return _changed(change)


def add_sign_to_lesson(
    lesson_id: str | UUID,
    sign_id: str | UUID,
    *,
    position: int | None = None,
    shape: type[LessonWithSignsT] = default_shape(LessonWithSigns),
) -> LessonWithSignsT:
    """Add a sign to a lesson and renumber the signs of the lesson from 1.

    Args:
        lesson_id: The id of the lesson.
        sign_id: The id of the sign.
        position: The position of the sign, from 1; by default, or if it is too large, the sign is
            added at the end.
        shape: The record class to return; it and its nested records may have fewer fields.

    Returns:
        The lesson with its signs.

    Raises:
        NotFoundError: The lesson or the sign does not exist; `entity` says which.
        AlreadyExistsError: The lesson already has this sign.
        InvalidInputError: An id is not a valid id, or `position` is below 1.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    lesson_id = check_id("lesson_id", lesson_id)
    sign_id = check_id("sign_id", sign_id)
    if position is not None:
        check_integer("position", position, minimum=1, maximum=MAX_INTEGER)
    check_shape(shape, LessonWithSigns)

    def change() -> LessonWithSignsT:
        lock_order(LESSON_SIGNS, parent_id=lesson_id)
        ids = [row[0] for row in fetch_all(select_signs_of_lesson(), lesson_id=lesson_id)]
        if sign_id in ids:
            raise AlreadyExistsError("LessonSign", "lesson_id, sign_id")
        ids.insert(len(ids) if position is None else position - 1, sign_id)
        _place(lesson_id, ids)
        return get_lesson(lesson_id, shape=shape)

    return _changed(change)


def remove_sign_from_lesson(
    lesson_id: str | UUID,
    sign_id: str | UUID,
    *,
    shape: type[LessonWithSignsT] = default_shape(LessonWithSigns),
) -> LessonWithSignsT:
    """Remove a sign from a lesson; the sign itself and the progress of learners are kept.

    Args:
        lesson_id: The id of the lesson.
        sign_id: The id of the sign.
        shape: The record class to return; it and its nested records may have fewer fields.

    Returns:
        The lesson with its remaining signs.

    Raises:
        NotFoundError: The lesson does not exist, or does not have this sign; `entity` says which.
        InvalidInputError: An id is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    lesson_id = check_id("lesson_id", lesson_id)
    sign_id = check_id("sign_id", sign_id)
    check_shape(shape, LessonWithSigns)

    def change() -> LessonWithSignsT:
        lock_order(LESSON_SIGNS, parent_id=lesson_id)
        if not fetch_all(delete_sign_of_lesson(), lesson_id=lesson_id, sign_id=sign_id):
            raise NotFoundError("LessonSign", sign_id)
        return get_lesson(lesson_id, shape=shape)

    return _changed(change)


def reorder_lesson_signs(
    lesson_id: str | UUID,
    sign_ids: Sequence[str | UUID],
    *,
    shape: type[LessonSignT] = default_shape(LessonSignRecord),
) -> tuple[LessonSignT, ...]:
    """Reorder the signs of a lesson and number them from 1.

    Args:
        lesson_id: The id of the lesson.
        sign_ids: The ids of all its signs in the new order, without duplicates.
        shape: The record class to return for each row; it may have fewer fields.

    Returns:
        The `LessonSign` rows in the new order.

    Raises:
        NotFoundError: The lesson does not exist.
        InvalidInputError: `sign_ids` does not list exactly the signs of the lesson; nothing was
            changed.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    lesson_id = check_id("lesson_id", lesson_id)
    checked = check_shape(shape, LessonSignRecord)
    with changing_content():
        return reorder(LESSON_SIGNS, "sign_ids", sign_ids, checked, parent_id=lesson_id)


def _changed(change: Callable[[], RecordT]) -> RecordT:
    try:
        with changing_content():
            return run_with_locks(change)
    except UnreadableRowError as exc:
        failure = exc.after_write(is_stored=False)
    raise failure


def _place(lesson_id: str, sign_ids: list[str]) -> None:
    missing = fetch_all(
        replace_signs_of_lesson(),
        lesson_id=lesson_id,
        sign_ids=sign_ids,
        new_ids=[new_id() for _ in sign_ids],
    )
    if missing:
        raise NotFoundError("Sign", missing[0][0])
