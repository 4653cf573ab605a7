"""Factories for valid rows: realistic, unique, and every value can be overridden.

The factories call the library's functions on the connected database. They use no random values: the
same calls create the same names in every run.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any, TypeVar
from uuid import UUID

import peewee

import triosigno_db as db
from triosigno_db.models import Achievement, BaseModel, Lesson, Module, Sign, SignCategory, User
from triosigno_db.models.fields import EnumField, TimestampField, utc_now

_FIRST_NAMES = ("Léa", "Hugo", "Chloé", "Malik", "Inès", "Louis", "Aïcha", "Jules", "Zoé", "Noé")
_LAST_NAMES = ("Martin", "Bernard", "Petit", "Durand", "Leroy", "Moreau", "Garcia", "Roux")
_WORDS = (
    ("Bonjour", "La main plate part du menton et s'avance vers l'autre."),
    ("Merci", "Le bout des doigts touche le menton, puis la main s'abaisse."),
    ("Maison", "Les deux mains plates se joignent en toit."),
    ("Manger", "Les doigts réunis vont plusieurs fois à la bouche."),
    ("Ami", "Les mains se serrent l'une l'autre devant soi."),
    ("École", "Les mains plates frappent deux fois l'une dans l'autre."),
    ("Soleil", "La main s'ouvre en rayons au-dessus de la tête."),
    ("Rouge", "L'index descend deux fois sur la lèvre."),
)
_THEMES = ("Salutations", "Famille", "Couleurs", "À table", "À l'école", "En voyage", "Le temps")
_FEATS = ("Premiers pas", "Une semaine sans pause", "Cent signes", "Oreilles des yeux")
_MEDIA = "https://media.example.org"

_numbers = count(1)

ModelT = TypeVar("ModelT", bound=BaseModel)


def make_user(**values: Any) -> db.UserWithPreferences:
    """Create an account with preferences.

    Args:
        **values: Fields of `NewUser`; the default password is `"mot de passe"`.

    Returns:
        The account.
    """
    number = next(_numbers)
    first = _FIRST_NAMES[number % len(_FIRST_NAMES)]
    last = _LAST_NAMES[number % len(_LAST_NAMES)]
    defaults: dict[str, Any] = {
        "email": f"apprenant{number}@example.org",
        "username": f"{first.lower()}.{last.lower()}.{number}",
        "password": "mot de passe",
        "first_name": first,
        "last_name": last,
    }
    return db.create_user(db.NewUser(**(defaults | values)))


def make_category(**values: Any) -> db.CategoryRecord:
    """Create a category of signs.

    Args:
        **values: Fields of `NewCategory`.

    Returns:
        The category.
    """
    number = next(_numbers)
    theme = _THEMES[number % len(_THEMES)]
    defaults: dict[str, Any] = {
        "name": f"{theme} {number}",
        "description": f"Les signes du thème {theme}.",
    }
    return db.create_category(db.NewCategory(**(defaults | values)))


def make_sign(**values: Any) -> db.SignRecord:
    """Create a sign, in a new category unless `category_id` is given.

    Args:
        **values: Fields of `NewSign`.

    Returns:
        The sign.
    """
    if "category_id" not in values:
        values["category_id"] = make_category().id
    number = next(_numbers)
    word, description = _WORDS[number % len(_WORDS)]
    defaults: dict[str, Any] = {
        "name": f"{word} {number}",
        "description": description,
        "video_url": f"{_MEDIA}/signs/{number}.mp4",
        "image_url": f"{_MEDIA}/signs/{number}.webp",
        "difficulty": db.DifficultyLevel.BEGINNER,
    }
    return db.create_sign(db.NewSign(**(defaults | values)))


def make_lesson(*, signs: int = 3, **values: Any) -> db.LessonWithSigns:
    """Create a lesson with new signs, in a new module unless `module_id` is given.

    Args:
        signs: The number of signs, all in one new category.
        **values: Fields of `NewLesson`.

    Returns:
        The lesson with its signs in order.
    """
    if "module_id" not in values:
        values["module_id"] = make_module(lessons=0).id
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "title": f"Leçon {number}",
        "description": "Regarder, répéter, signer.",
    }
    lesson = db.create_lesson(db.NewLesson(**(defaults | values)))
    if signs:
        category_id = make_category().id
        sign_ids = [make_sign(category_id=category_id).id for _ in range(signs)]
        db.set_lesson_signs(lesson.id, sign_ids)
    return db.get_lesson(lesson.id)


def make_module(*, lessons: int = 2, signs_per_lesson: int = 3, **values: Any) -> db.ModuleTree:
    """Create a module with lessons and signs.

    Args:
        lessons: The number of lessons.
        signs_per_lesson: The number of new signs in each lesson.
        **values: Fields of `NewModule`.

    Returns:
        The module with its lessons and their signs, in order.
    """
    number = next(_numbers)
    theme = _THEMES[number % len(_THEMES)]
    defaults: dict[str, Any] = {
        "title": f"Module {number} : {theme}",
        "description": f"Découvrir : {theme}.",
    }
    module = db.create_module(db.NewModule(**(defaults | values)))
    for _ in range(lessons):
        make_lesson(module_id=module.id, signs=signs_per_lesson)
    return db.get_module_tree(module.id)


def make_progress(
    *,
    user_id: str | UUID | None = None,
    sign_id: str | UUID | None = None,
    correct: int = 1,
    wrong: int = 0,
) -> db.ProgressRecord:
    """Create a learner's progress with a sign by recording attempts, the wrong ones first.

    Args:
        user_id: The learner; by default a new one.
        sign_id: The sign; by default a new one.
        correct: The number of correct attempts; `correct` and `wrong` together must be at least 1.
        wrong: The number of wrong attempts.

    Returns:
        The progress after the last attempt.

    Raises:
        InvalidInputError: The number of attempts is 0.
    """
    if correct + wrong < 1:
        raise db.InvalidInputError("correct", "there must be at least one attempt")
    user_id = user_id or make_user().id
    sign_id = sign_id or make_sign().id
    attempts = [db.Attempt(sign_id=sign_id, is_correct=False)] * wrong
    attempts += [db.Attempt(sign_id=sign_id, is_correct=True)] * correct
    return db.record_attempts(user_id, attempts)[0]


def make_session(
    *,
    user_id: str | UUID | None = None,
    lesson_id: str | UUID | None = None,
    completed: bool = True,
    score: int = 80,
    xp_earned: int = 20,
) -> db.SessionRecord:
    """Create a learner's session with a lesson.

    Args:
        user_id: The learner; by default a new one.
        lesson_id: The lesson; by default a new one.
        completed: Whether the session is completed; otherwise it stays open.
        score: The score of a completed session.
        xp_earned: The XP of a completed session.

    Returns:
        The session.
    """
    session = db.start_session(user_id or make_user().id, lesson_id or make_lesson().id)
    if not completed:
        return session
    return db.complete_session(session.id, score=score, xp_earned=xp_earned)


def make_achievement(**values: Any) -> db.AchievementRecord:
    """Create an achievement.

    Args:
        **values: Fields of `NewAchievement`.

    Returns:
        The achievement.
    """
    number = next(_numbers)
    defaults: dict[str, Any] = {
        "name": f"{_FEATS[number % len(_FEATS)]} {number}",
        "description": "Pour qui s'exerce avec constance.",
        "image_url": f"{_MEDIA}/achievements/{number}.webp",
        "xp_reward": 50,
    }
    return db.create_achievement(db.NewAchievement(**(defaults | values)))


def make_award(
    *, user_id: str | UUID | None = None, achievement_id: str | UUID | None = None
) -> db.Award:
    """Award an achievement to a learner.

    Args:
        user_id: The learner; by default a new one.
        achievement_id: The achievement; by default a new one.

    Returns:
        The award.
    """
    return db.award_achievement(user_id or make_user().id, achievement_id or make_achievement().id)


_FACTORIES: dict[type[BaseModel], Callable[[], Any]] = {
    User: make_user,
    SignCategory: make_category,
    Sign: make_sign,
    Lesson: make_lesson,
    Module: make_module,
    Achievement: make_achievement,
}
"""The factories of rows that others refer to."""


def register(model: type[BaseModel], factory: Callable[[], Any]) -> None:
    """Register the factory of a service's model, for rows that refer to it.

    Args:
        model: The model.
        factory: Creates a row without arguments, and returns an object with its `id`.
    """
    _FACTORIES[model] = factory


def make_row(model: type[ModelT], **values: Any) -> ModelT:
    """Create a row of a service's model.

    Args:
        model: The model.
        **values: Values by attribute. A required attribute that is not given gets a value: a
            foreign key a new row of the factory of its model, a text the name of the attribute
            with a number, a number 0 or, if it must be unique, another one.

    Returns:
        The row.

    Raises:
        TrioSignoDBError: As for the factories of the rows that it refers to.
    """
    for field in list[Any](model._meta.sorted_fields):
        is_given = not {field.name, getattr(field, "object_id_name", field.name)}.isdisjoint(values)
        if not (is_given or field.null or field.default is not None):
            values[field.name] = _value_for(field)
    with db.connection():
        made: ModelT = model.create(**values)
    return made


def _value_for(field: Any) -> Any:
    if isinstance(field, peewee.ForeignKeyField):
        referred = field.rel_model
        make = _FACTORIES.get(referred)
        return make_row(referred) if make is None else make().id
    if isinstance(field, EnumField):
        enum: Any = field.enum
        return next(iter(enum))
    if isinstance(field, TimestampField):
        return utc_now()
    if isinstance(field, peewee.BooleanField):
        return False
    if isinstance(field, peewee.IntegerField | peewee.FloatField):
        return next(_numbers) if field.unique else 0
    return f"{field.name} {next(_numbers)}"
