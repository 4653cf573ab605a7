"""The Peewee models, one for each table that Prisma creates."""

from triosigno_db.models.accounts import User, UserPreference
from triosigno_db.models.base import BaseModel, database_proxy
from triosigno_db.models.constraints import ConstraintTarget, constraint_targets
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
"""All models, in the order of the Prisma schema."""


CONSTRAINT_TARGETS = constraint_targets(MODELS)
"""The target of each unique index, foreign key and check, by its name in the database."""

__all__ = [
    "CONSTRAINT_TARGETS",
    "MODELS",
    "Achievement",
    "BaseModel",
    "ConstraintTarget",
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
