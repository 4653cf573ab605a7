"""What is stored: one Peewee model for each table that Prisma makes."""

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
"""All tables, in the order of Prisma's schema."""


CONSTRAINT_TARGETS = constraint_targets(MODELS)
"""What each unique index, foreign key and check is about, by its name in the database."""

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
