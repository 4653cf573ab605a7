"""Content: what a service can do with categories, signs, modules and lessons."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import peewee

from triosigno_db.arguments import check_id, check_ids, check_input
from triosigno_db.database import fetch_all, fetch_one, transaction
from triosigno_db.errors import NotFoundError
from triosigno_db.models import Lesson, LessonSign, Module, Sign, SignCategory
from triosigno_db.models.fields import new_id
from triosigno_db.records import (
    CategoryRecord,
    LessonRecord,
    LessonSignRecord,
    LessonWithSigns,
    ModuleRecord,
    ModuleTree,
    NewCategory,
    NewLesson,
    NewModule,
    NewSign,
    SignRecord,
)
from triosigno_db.repositories.module_tree import in_order, module_tree, to_module_tree
from triosigno_db.statements import NOW, Parameter, columns, statement

# -- statements -------------------------------------------------------------------------------


@statement(reads_only=False)
def new_category() -> Any:
    """Make a category."""
    return SignCategory.insert(
        {
            SignCategory.id: Parameter("id"),
            SignCategory.name: Parameter("name"),
            SignCategory.description: Parameter("description"),
            SignCategory.image_url: Parameter("image_url"),
            SignCategory.created_at: NOW,
            SignCategory.updated_at: NOW,
        }
    ).returning(*columns(SignCategory, CategoryRecord))


@statement(reads_only=False)
def new_sign() -> Any:
    """Make a sign."""
    return Sign.insert(
        {
            Sign.id: Parameter("id"),
            Sign.name: Parameter("name"),
            Sign.description: Parameter("description"),
            Sign.video_url: Parameter("video_url"),
            Sign.image_url: Parameter("image_url"),
            Sign.difficulty: Parameter("difficulty"),
            Sign.category: Parameter("category_id"),
            Sign.created_at: NOW,
            Sign.updated_at: NOW,
        }
    ).returning(*columns(Sign, SignRecord))


@statement(reads_only=False)
def new_module() -> Any:
    """Make a module, after the last one unless its place is given."""
    after_last = Module.select(peewee.fn.max(Module.order) + 1)
    return Module.insert(
        {
            Module.id: Parameter("id"),
            Module.title: Parameter("title"),
            Module.description: Parameter("description"),
            Module.order: peewee.fn.coalesce(Parameter("order"), after_last, 1),
            Module.image_url: Parameter("image_url"),
            Module.created_at: NOW,
            Module.updated_at: NOW,
        }
    ).returning(*columns(Module, ModuleRecord))


@statement(reads_only=False)
def new_lesson() -> Any:
    """Make a lesson, after the module's last one unless its place is given."""
    after_last = Lesson.select(peewee.fn.max(Lesson.order) + 1).where(
        Lesson.module == Parameter("module_id")
    )
    return Lesson.insert(
        {
            Lesson.id: Parameter("id"),
            Lesson.title: Parameter("title"),
            Lesson.description: Parameter("description"),
            Lesson.order: peewee.fn.coalesce(Parameter("order"), after_last, 1),
            Lesson.module: Parameter("module_id"),
            Lesson.created_at: NOW,
            Lesson.updated_at: NOW,
        }
    ).returning(*columns(Lesson, LessonRecord))


@statement(reads_only=False)
def lesson_for_change() -> Any:
    """One lesson, locked against concurrent changes of its list of signs."""
    return (
        Lesson.select(*columns(Lesson, LessonRecord))
        .where(Lesson.id == Parameter("lesson_id"))
        .for_update("FOR NO KEY UPDATE")  # type: ignore[arg-type] # peewee takes the text
    )


@statement(reads_only=True)
def signs_by_ids() -> Any:
    """The signs that have one of the ids."""
    return Sign.select(*columns(Sign, SignRecord)).where(
        Sign.id == peewee.fn.any(Parameter("sign_ids"))
    )


@statement(reads_only=False)
def signs_of_lesson() -> Any:
    """Make a list of signs a lesson's own: others go, those that stay are moved, new ones come."""
    removed = (
        LessonSign.delete()
        .where(
            LessonSign.lesson == Parameter("lesson_id"),
            LessonSign.sign != peewee.fn.all(Parameter("sign_ids")),
        )
        .returning(LessonSign.id)
        .cte("removed")
    )
    listed = peewee.NodeList(
        (
            peewee.fn.unnest(
                Parameter("new_ids").cast("text[]"), Parameter("sign_ids").cast("text[]")
            ),
            peewee.SQL('WITH ORDINALITY AS "listed" ("id", "sign_id", "position")'),
        )
    )
    rows = peewee.Select(
        (listed,),
        (
            peewee.SQL('"listed"."id"'),
            Parameter("lesson_id"),
            peewee.SQL('"listed"."sign_id"'),
            peewee.SQL('"listed"."position"'),
            NOW,
            NOW,
        ),
    )
    return (
        LessonSign.insert_from(rows, columns(LessonSign, LessonSignRecord))
        .on_conflict(
            conflict_target=(LessonSign.lesson, LessonSign.sign),
            preserve=(LessonSign.order, LessonSign.updated_at),
        )
        .returning(*columns(LessonSign, LessonSignRecord))
        .with_cte(removed)
    )


# -- functions --------------------------------------------------------------------------------


def create_category(new: NewCategory) -> CategoryRecord:
    """Make a category of signs.

    Args:
        new: The category.

    Returns:
        The category as stored.

    Raises:
        AlreadyExistsError: Another category has this name.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    return CategoryRecord.from_row(_insert(new_category, check_input("new", new, NewCategory)))


def create_sign(new: NewSign) -> SignRecord:
    """Make a sign.

    Args:
        new: The sign.

    Returns:
        The sign as stored.

    Raises:
        AlreadyExistsError: Another sign has this name.
        NotFoundError: There is no such category.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    return SignRecord.from_row(_insert(new_sign, check_input("new", new, NewSign)))


def create_module(new: NewModule) -> ModuleRecord:
    """Make a module.

    Args:
        new: The module; without an order it comes after the last one.

    Returns:
        The module as stored.

    Raises:
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    return ModuleRecord.from_row(_insert(new_module, check_input("new", new, NewModule)))


def create_lesson(new: NewLesson) -> LessonRecord:
    """Make a lesson of a module.

    Args:
        new: The lesson; without an order it comes after the module's last one.

    Returns:
        The lesson as stored.

    Raises:
        NotFoundError: There is no such module.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    return LessonRecord.from_row(_insert(new_lesson, check_input("new", new, NewLesson)))


def set_lesson_signs(lesson_id: str | UUID, sign_ids: Sequence[str | UUID]) -> LessonWithSigns:
    """Make a list of signs a lesson's own, in this order, in one transaction.

    Signs that are not in the list leave the lesson; those that stay keep their `LessonSign` row.
    Of two calls at once for the same lesson, the later one's list holds.

    Args:
        lesson_id: The lesson.
        sign_ids: The signs, each once; their places are 1, 2, ...; an empty list is allowed.

    Returns:
        The lesson with its signs.

    Raises:
        NotFoundError: There is no such lesson, or one of the signs does not exist.
        InvalidInputError: An id is no UUID, or a sign is listed twice.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    lesson_id = check_id("lesson_id", lesson_id)
    ids = check_ids("sign_ids", sign_ids)
    with transaction():
        lesson = fetch_one(lesson_for_change, lesson_id=lesson_id)
        if lesson is None:
            raise NotFoundError("Lesson", lesson_id)
        signs = {sign[0]: sign for sign in fetch_all(signs_by_ids, sign_ids=ids)}
        for sign_id in ids:
            if sign_id not in signs:
                raise NotFoundError("Sign", sign_id)
        placed = fetch_all(
            signs_of_lesson, lesson_id=lesson_id, sign_ids=ids, new_ids=[new_id() for _ in ids]
        )
    return LessonWithSigns.model_validate(
        LessonRecord.values_of(lesson)
        | {
            "lessonSigns": in_order(
                LessonSignRecord.values_of(row) | {"sign": SignRecord.values_of(signs[row[2]])}
                for row in placed
            )
        }
    )


def get_module_tree(module_id: str | UUID) -> ModuleTree:
    """Read a module with its lessons and their signs, in one round trip.

    Args:
        module_id: The module.

    Returns:
        The module; lessons and signs by `order`, then by id.

    Raises:
        NotFoundError: There is no such module.
        InvalidInputError: `module_id` is no UUID.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    module_id = check_id("module_id", module_id)
    rows = fetch_all(module_tree, module_id=module_id)
    if not rows:
        raise NotFoundError("Module", module_id)
    return to_module_tree(rows)


def _insert(insert: Any, new: Any) -> Sequence[Any]:
    values = {name: getattr(new, name) for name in type(new).model_fields}
    return fetch_all(insert, id=new_id(), **values)[0]
