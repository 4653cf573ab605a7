"""The two enums of the database; a member's value is its label in PostgreSQL."""

from enum import StrEnum


class UserRole(StrEnum):
    """What an account may do."""

    ADMIN = "ADMIN"
    TEACHER = "TEACHER"
    STUDENT = "STUDENT"


class DifficultyLevel(StrEnum):
    """How hard a sign is to learn."""

    BEGINNER = "BEGINNER"
    INTERMEDIATE = "INTERMEDIATE"
    ADVANCED = "ADVANCED"
