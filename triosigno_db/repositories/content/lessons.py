"""Lessons: create, list, update, reorder and delete them."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import peewee

from triosigno_db.arguments import check_id
from triosigno_db.database.statements import Parameter, columns, statement
from triosigno_db.models import Lesson, LessonSign
from triosigno_db.records import (
    LessonChanges,
    LessonRecord,
    NewLesson,
    Page,
    Selection,
    check_input,
    check_shape,
    default_shape,
)
from triosigno_db.records.content import LessonT
from triosigno_db.repositories.caching import changing_content
from triosigno_db.repositories.content.ordering import LESSONS, create_in_order, reorder
from triosigno_db.repositories.pages import DEFAULT_LIMIT, fetch_page, paged
from triosigno_db.repositories.rows import (
    delete_record,
    new_values,
    referrers_of,
    update_record,
)

# -- statements -------------------------------------------------------------------------------


@statement(reads_only=False)
def insert_lesson(model: Any, names: tuple[str, ...], selection: Selection) -> Any:
    """Insert a lesson; without an order it becomes the last one of its module."""
    after_last = Lesson.select(peewee.fn.max(Lesson.order) + 1).where(
        Lesson.module == Parameter("module_id")
    )
    values = new_values(model, names)
    values[Lesson.order] = peewee.fn.coalesce(Parameter("order"), after_last, 1)
    return model.insert(values).returning(*columns(model, selection))


@statement(reads_only=True, prepared=False)
def select_lessons(selection: Selection, filters: tuple[str, ...], is_continued: bool) -> Any:
    """Select the lessons of one module, or of all modules, in order."""
    query = Lesson.select(*columns(Lesson, selection))
    if "module_id" in filters:
        query = query.where(Lesson.module == Parameter("module_id"))
    return paged(query, Lesson.module, Lesson.order, Lesson.id, is_continued=is_continued)


# -- functions --------------------------------------------------------------------------------


def create_lesson(new: NewLesson, *, shape: type[LessonT] = default_shape(LessonRecord)) -> LessonT:
    """Create a lesson in a module.

    Args:
        new: The new lesson; without an order it becomes the last one of its module.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The stored lesson.

    Raises:
        NotFoundError: The module does not exist.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    checked = check_shape(shape, LessonRecord)
    new = check_input("new", new, NewLesson)
    module_id = check_id("module_id", new.module_id)
    with changing_content():
        return create_in_order(LESSONS, new, checked, insert_lesson, parent_id=module_id)


def list_lessons(
    *,
    module_id: str | UUID | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
    shape: type[LessonT] = default_shape(LessonRecord),
) -> Page[LessonT]:
    """List lessons, without their signs.

    Args:
        module_id: Only lessons of this module.
        limit: The maximum number of lessons per page, 1 to 200.
        cursor: The `next_cursor` of the previous page.
        shape: The record class to return; it may have fewer fields.

    Returns:
        One page of lessons, grouped by module, then by `order` and id.

    Raises:
        InvalidInputError: `module_id` is not a valid id, `limit` is out of bounds, or the cursor
            does not belong to this list.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    if module_id is not None:
        module_id = check_id("module_id", module_id)
    checked = check_shape(shape, LessonRecord)
    return fetch_page(
        select_lessons, checked, limit=limit, cursor=cursor, keys=3, module_id=module_id
    )


def update_lesson(
    lesson_id: str | UUID,
    changes: LessonChanges,
    *,
    shape: type[LessonT] = default_shape(LessonRecord),
) -> LessonT:
    """Update a lesson; fields that are not set keep their values.

    Args:
        lesson_id: The id of the lesson.
        changes: The new values.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The updated lesson.

    Raises:
        NotFoundError: The lesson or the module does not exist; `entity` says which.
        InvalidInputError: `lesson_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    changed = check_input("changes", changes, LessonChanges).changed()
    checked = check_shape(shape, LessonRecord)
    with changing_content():
        return update_record(Lesson, "lesson_id", lesson_id, changed, checked)


def delete_lesson(lesson_id: str | UUID) -> None:
    """Delete a lesson that has no sessions, with its list of signs; the signs are kept.

    Args:
        lesson_id: The id of the lesson.

    Raises:
        NotFoundError: The lesson does not exist.
        InUseError: The lesson has sessions; `uses` says how many.
        InvalidInputError: `lesson_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    referrers = referrers_of(Lesson, owned=(LessonSign,))
    with changing_content():
        delete_record(Lesson, "lesson_id", lesson_id, referrers=referrers)


def reorder_lessons(
    module_id: str | UUID,
    lesson_ids: Sequence[str | UUID],
    *,
    shape: type[LessonT] = default_shape(LessonRecord),
) -> tuple[LessonT, ...]:
    """Reorder the lessons of a module and number them from 1.

    Args:
        module_id: The id of the module.
        lesson_ids: The ids of all its lessons in the new order, without duplicates.
        shape: The record class to return for each; it may have fewer fields.

    Returns:
        The lessons in the new order.

    Raises:
        NotFoundError: The module does not exist.
        InvalidInputError: `lesson_ids` does not list exactly the lessons of the module; nothing was
            changed.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    module_id = check_id("module_id", module_id)
    checked = check_shape(shape, LessonRecord)
    with changing_content():
        return reorder(LESSONS, "lesson_ids", lesson_ids, checked, parent_id=module_id)
