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
"""The mastery from which a sign counts as mastered."""

Mastery = Annotated[int, Field(strict=True, ge=MIN_MASTERY, le=MAX_MASTERY)]
"""The mastery of a sign, 0 to 100."""


class ProgressRecord(Record):
    """The progress of a user with a sign; `mastery_level` is 0 to 100."""

    _table = "Progress"

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
    """The progress of a user with a sign that is due for review, with the sign.

    Attributes:
        due_at: The time since when the sign is due.
        sign: The sign.
    """

    due_at: Timestamp
    sign: SignRecord


class SessionRecord(Record):
    """A learning session of a user with a lesson.

    It is open until `end_time` is set; after that, `completed` is false if it was abandoned.
    """

    _table = "LearningSession"

    id: str
    user_id: str
    lesson_id: str
    start_time: Timestamp
    end_time: Timestamp | None
    score: int | None
    xp_earned: int | None
    completed: bool


class LessonProgress(Record):
    """The progress of a user with a lesson.

    Attributes:
        lesson_id: The id of the lesson.
        title: The title of the lesson.
        order: The position of the lesson in its module.
        sign_count: The number of signs in the lesson.
        practiced_count: The number of its signs that the user has practised.
        mastered_count: The number of its signs with a mastery of 80 or above.
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
    """The progress of a user with a module; a sign of several lessons counts once.

    Attributes:
        module_id: The id of the module.
        title: The title of the module.
        sign_count: The number of distinct signs in the module.
        practiced_count: The number of its signs that the user has practised.
        mastered_count: The number of its signs with a mastery of 80 or above.
        mean_mastery: The mean mastery of all its signs, 0 to 100, as for a lesson.
        lessons: The progress with each lesson, in order.
    """

    module_id: str
    title: str
    sign_count: int
    practiced_count: int
    mastered_count: int
    mean_mastery: float
    lessons: tuple[LessonProgress, ...]


class PublicAttempt(Input):
    """One attempt at a sign that a learner may send.

    Attributes:
        sign_id: The id of the sign.
        is_correct: Whether the sign was performed correctly.
    """

    sign_id: Reference
    is_correct: StrictBool


class Attempt(PublicAttempt):
    """One attempt at a sign, for callers that may set the mastery.

    Attributes:
        mastery_level: The mastery after the attempt, 0 to 100; by default it changes by +10 or -5.
            As for `record_attempt`, this value is ignored for the first attempt at a sign.
    """

    mastery_level: Mastery | None = None


ProgressT = TypeVar("ProgressT", bound=Record, default=ProgressRecord)
SignToReviewT = TypeVar("SignToReviewT", bound=Record, default=SignToReview)
SessionT = TypeVar("SessionT", bound=Record, default=SessionRecord)
ModuleProgressT = TypeVar("ModuleProgressT", bound=Record, default=ModuleProgress)
