"""The Peewee models, one for each table that Prisma creates."""

from triosigno_db.models.accounts import User, UserPreference
from triosigno_db.models.base import BaseModel, database_proxy
from triosigno_db.models.constraints import ConstraintTarget
from triosigno_db.models.content import Lesson, LessonSign, Module, Sign, SignCategory
from triosigno_db.models.gamification import Achievement, UserAchievement
from triosigno_db.models.learning import LearningSession, Progress
from triosigno_db.models.library import MODELS
from triosigno_db.models.services import CONSTRAINT_TARGETS, all_models, service_models

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
    "all_models",
    "database_proxy",
    "service_models",
]
