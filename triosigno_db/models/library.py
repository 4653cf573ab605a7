"""The list of the library's models."""

from triosigno_db.models.accounts import User, UserPreference
from triosigno_db.models.base import BaseModel
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
"""All models of the library, in the order of the Prisma schema."""
