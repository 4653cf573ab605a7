"""What the studio writes: the input of each table's forms, and the function that takes it.

A table without a function for it is read and deleted from, but not written: what learners have
done is recorded by attempts and sessions.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple

from pydantic import Field, StrictBool

import triosigno_db as db
from triosigno_db.models import (
    Achievement,
    BaseModel,
    Lesson,
    LessonSign,
    Module,
    Sign,
    SignCategory,
    User,
    UserAchievement,
    UserPreference,
)
from triosigno_db.models.fields import MAX_INTEGER
from triosigno_db.records.input import UNCHANGED, Changes, Input
from triosigno_db.records.types import Known, Reference

Position = Annotated[int, Field(strict=True, ge=1, le=MAX_INTEGER)]
"""The position of a sign in a lesson, from 1."""


class AccountChanges(db.UserChanges):
    """Changes to an account, to its role and to whether it is active."""

    role: Known[db.UserRole] = UNCHANGED
    is_active: StrictBool = UNCHANGED


class NewPreferences(db.PreferenceChanges):
    """The preferences of an account that has none."""

    user_id: Reference


class NewPlace(Input):
    """A sign to add to a lesson; without an order it becomes the last one."""

    lesson_id: Reference
    sign_id: Reference
    order: Position | None = None


class PlaceChanges(Changes):
    """The new position of a sign in its lesson."""

    order: Position = UNCHANGED


class NewAward(Input):
    """An achievement to award to a user."""

    user_id: Reference
    achievement_id: Reference


class Writer(NamedTuple):
    """How the rows of a table are written.

    Attributes:
        new: The input that a row is created from, or `None` if the studio creates no row.
        create: Creates a row and returns it, or another object with its `id`.
        changes: The input with the changes to a row, or `None` if the studio changes no row.
        update: Changes the row with an id.
    """

    new: type[Input] | None = None
    create: Callable[[Any], Any] | None = None
    changes: type[Changes] | None = None
    update: Callable[[str, Any], Any] | None = None


def _stored(model: Any, key: str) -> Any:
    row = model.get_or_none(model.id == key)
    if row is None:
        raise db.NotFoundError(model.__name__, key)
    return row


def _update_account(user_id: str, changes: AccountChanges) -> None:
    changed = changes.changed()
    role, is_active = changed.pop("role", None), changed.pop("is_active", None)
    with db.transaction():
        db.update_user(user_id, db.UserChanges(**changed))
        if role is not None:
            db.set_role(user_id, role)
        if is_active is not None:
            (db.reactivate_user if is_active else db.deactivate_user)(user_id)


def _create_preferences(new: NewPreferences) -> db.PreferencesRecord:
    changed = new.changed()
    user_id = changed.pop("user_id")
    with db.transaction():
        if db.get_user_with_preferences(user_id).preferences is not None:
            raise db.AlreadyExistsError("UserPreference", "user_id")
        return db.update_preferences(user_id, db.PreferenceChanges(**changed))


def _update_preferences(preferences_id: str, changes: db.PreferenceChanges) -> None:
    with db.connection():
        db.update_preferences(_stored(UserPreference, preferences_id).user_id, changes)


def _create_place(new: NewPlace) -> db.LessonSignRecord:
    lesson = db.add_sign_to_lesson(str(new.lesson_id), new.sign_id, position=new.order)
    (place,) = [each for each in lesson.lesson_signs if each.sign_id == str(new.sign_id)]
    return place


def _move_place(place_id: str, changes: PlaceChanges) -> None:
    with db.connection():
        place = _stored(LessonSign, place_id)
        if "order" not in changes.changed():
            return
        placed = [each.sign_id for each in db.get_lesson(place.lesson_id).lesson_signs]
        signs = [sign_id for sign_id in placed if sign_id != place.sign_id]
        signs.insert(changes.order - 1, place.sign_id)
        db.reorder_lesson_signs(place.lesson_id, signs)


def _create_award(new: NewAward) -> db.UserAchievementRecord:
    award = db.award_achievement(new.user_id, new.achievement_id)
    if not award.is_new:
        raise db.AlreadyExistsError("UserAchievement", "user_id, achievement_id")
    return award


WRITERS: Mapping[type[BaseModel], Writer] = {
    # A password must be hashed: accounts are created by `triosigno-db users create`.
    User: Writer(None, None, AccountChanges, _update_account),
    UserPreference: Writer(
        NewPreferences, _create_preferences, db.PreferenceChanges, _update_preferences
    ),
    SignCategory: Writer(
        db.NewCategory, db.create_category, db.CategoryChanges, db.update_category
    ),
    Sign: Writer(db.NewSign, db.create_sign, db.SignChanges, db.update_sign),
    Module: Writer(db.NewModule, db.create_module, db.ModuleChanges, db.update_module),
    Lesson: Writer(db.NewLesson, db.create_lesson, db.LessonChanges, db.update_lesson),
    LessonSign: Writer(NewPlace, _create_place, PlaceChanges, _move_place),
    Achievement: Writer(
        db.NewAchievement, db.create_achievement, db.AchievementChanges, db.update_achievement
    ),
    UserAchievement: Writer(NewAward, _create_award),
}
"""How each table is written; the others are not."""


def writer_of(model: type[BaseModel]) -> Writer:
    """Return how a table is written.

    Args:
        model: Its model.

    Returns:
        The writer; an empty one for a table that the studio does not write.
    """
    return WRITERS.get(model, Writer())
