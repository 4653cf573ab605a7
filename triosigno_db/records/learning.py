"""Learning: records and inputs."""

from typing import Annotated

from pydantic import Field, StrictBool
from typing_extensions import TypeVar

from triosigno_db.records.content import SignRecord
from triosigno_db.records.input import Input
from triosigno_db.records.record import Record
from triosigno_db.records.types import Reference, Timestamp

MIN_MASTERY = 0
MAX_MASTERY = 100

MASTERED = 80
"""From this mastery on, a sign counts as mastered."""

Mastery = Annotated[int, Field(strict=True, ge=MIN_MASTERY, le=MAX_MASTERY)]
"""How well a sign is mastered, 0 to 100."""


class ProgressRecord(Record):
    """One user's progress with one sign; `mastery_level` is 0 to 100."""

    id: str
    user_id: str
    sign_id: str
    mastery_level: int
    last_practiced: Timestamp | None
    correct_attempts: int
    total_attempts: int
    created_at: Timestamp
    updated_at: Timestamp


class SignToReview(ProgressRecord):
    """One user's progress with a sign that is due for review, with the sign.

    Attributes:
        due_at: Since when it is due.
        sign: The sign.
    """

    due_at: Timestamp
    sign: SignRecord


class SessionRecord(Record):
    """One sitting of a user with a lesson.

    It is open until `end_time` is set; `completed` tells a completed one from an abandoned one.
    """

    id: str
    user_id: str
    lesson_id: str
    start_time: Timestamp
    end_time: Timestamp | None
    score: int | None
    xp_earned: int | None
    completed: bool


class LessonProgress(Record):
    """How far one user has come with one lesson.

    Attributes:
        lesson_id: The lesson.
        title: Its title.
        order: Its place in the module.
        sign_count: How many signs it teaches.
        practiced_count: How many of them the user has practised.
        mastered_count: How many of them the user has mastered: 80 or above.
        mean_mastery: The mean mastery of all its signs, 0 to 100; a sign that was not practised
            counts as 0, and a lesson without signs has 0.
    """

    lesson_id: str
    title: str
    order: int
    sign_count: int
    practiced_count: int
    mastered_count: int
    mean_mastery: float


class ModuleProgress(Record):
    """How far one user has come with one module; a sign of several lessons counts once.

    Attributes:
        module_id: The module.
        title: Its title.
        sign_count: How many different signs it teaches.
        practiced_count: How many of them the user has practised.
        mastered_count: How many of them the user has mastered: 80 or above.
        mean_mastery: The mean mastery of all its signs, 0 to 100, as in a lesson.
        lessons: The same of each lesson, in order.
    """

    module_id: str
    title: str
    sign_count: int
    practiced_count: int
    mastered_count: int
    mean_mastery: float
    lessons: tuple[LessonProgress, ...]


class Attempt(Input):
    """One attempt at a sign.

    Attributes:
        sign_id: The sign.
        is_correct: Whether it was made correctly.
        mastery_level: The mastery after it, 0 to 100; without it the mastery moves by +10 or -5.
            As with `record_attempt`, the first attempt at a sign does not heed it.
    """

    sign_id: Reference
    is_correct: StrictBool
    mastery_level: Mastery | None = None


ProgressT = TypeVar("ProgressT", bound=Record, default=ProgressRecord)
SignToReviewT = TypeVar("SignToReviewT", bound=Record, default=SignToReview)
SessionT = TypeVar("SessionT", bound=Record, default=SessionRecord)
ModuleProgressT = TypeVar("ModuleProgressT", bound=Record, default=ModuleProgress)
