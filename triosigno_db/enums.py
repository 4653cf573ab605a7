"""The enums of the database; a member's value is its label in PostgreSQL."""

from enum import StrEnum


class UserRole(StrEnum):
    """The role of an account."""

    ADMIN = "ADMIN"
    TEACHER = "TEACHER"
    STUDENT = "STUDENT"


class DifficultyLevel(StrEnum):
    """The difficulty of a sign."""

    BEGINNER = "BEGINNER"
    INTERMEDIATE = "INTERMEDIATE"
    ADVANCED = "ADVANCED"
