"""What is stored: one Peewee model for each table that Prisma makes."""

from typing import Any

from triosigno_db.database.sqlstates import ConstraintTarget
from triosigno_db.models.accounts import User, UserPreference
from triosigno_db.models.base import BaseModel, database_proxy
from triosigno_db.models.content import Lesson, LessonSign, Module, Sign, SignCategory
from triosigno_db.models.gamification import Achievement, UserAchievement
from triosigno_db.models.learning import LearningSession, Progress

MODELS: tuple[type[BaseModel], ...] = (
    User,
    UserPreference,
    Sign,
    SignCategory,
    Lesson,
    LessonSign,
    Module,
    Progress,
    LearningSession,
    Achievement,
    UserAchievement,
)
"""All tables, in the order of Prisma's schema."""


def _constraint_targets() -> dict[str, ConstraintTarget]:
    targets = {}
    for model in MODELS:
        for index in model._meta.fields_to_index():
            if index._unique:
                names = ", ".join(_attribute(field) for field in index._expressions)
                targets[index._name] = ConstraintTarget(model.__name__, names)
        for name, _ in model._meta.checks:
            about = name.removeprefix(f"{model.__name__}_").removesuffix("_check")
            column = model._meta.columns.get(about)
            targets[name] = ConstraintTarget(model.__name__, column.name if column else about)
        for field in model._meta.refs:
            targets[field.constraint_name] = ConstraintTarget(
                field.rel_model.__name__, _attribute(field)
            )
    return targets


def _attribute(field: Any) -> str:
    return str(getattr(field, "object_id_name", field.name))


CONSTRAINT_TARGETS = _constraint_targets()
"""What each unique index, foreign key and check speaks about, by its name in the database."""

__all__ = [
    "CONSTRAINT_TARGETS",
    "MODELS",
    "Achievement",
    "BaseModel",
    "LearningSession",
    "Lesson",
    "LessonSign",
    "Module",
    "Progress",
    "Sign",
    "SignCategory",
    "User",
    "UserAchievement",
    "UserPreference",
    "database_proxy",
]
