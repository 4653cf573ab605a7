"""Learning: what a service can do with a learner's progress."""

from typing import Any
from uuid import UUID

import peewee

from triosigno_db.arguments import check_flag, check_id, check_integer
from triosigno_db.database import fetch_all
from triosigno_db.models import Progress
from triosigno_db.models.fields import new_id
from triosigno_db.records import ProgressRecord
from triosigno_db.statements import NOW, Parameter, columns, statement

LEAST_MASTERY = 0
MOST_MASTERY = 100
FIRST_CORRECT_MASTERY = 10
FIRST_WRONG_MASTERY = 0
CORRECT_STEP = 10
WRONG_STEP = -5


@statement(reads_only=False)
def attempt() -> Any:
    """Count one attempt, whether it is the first of its user and sign or a later one."""
    is_correct = Parameter("is_correct")
    one_if_correct = peewee.Case(None, [(is_correct, 1)], 0)
    step = peewee.Case(None, [(is_correct, CORRECT_STEP)], WRONG_STEP)
    moved = peewee.fn.least(
        MOST_MASTERY, peewee.fn.greatest(LEAST_MASTERY, Progress.mastery_level + step)
    )
    first = {
        Progress.id: Parameter("progress_id"),
        Progress.user: Parameter("user_id"),
        Progress.sign: Parameter("sign_id"),
        Progress.mastery_level: peewee.Case(
            None, [(is_correct, FIRST_CORRECT_MASTERY)], FIRST_WRONG_MASTERY
        ),
        Progress.last_practiced: NOW,
        Progress.correct_attempts: one_if_correct,
        Progress.total_attempts: 1,
        Progress.created_at: NOW,
        Progress.updated_at: NOW,
    }
    later = {
        Progress.mastery_level: peewee.fn.coalesce(Parameter("mastery_level"), moved),
        Progress.last_practiced: NOW,
        Progress.correct_attempts: Progress.correct_attempts + one_if_correct,
        Progress.total_attempts: Progress.total_attempts + 1,
        Progress.updated_at: NOW,
    }
    return (
        Progress.insert(first)
        .on_conflict(conflict_target=(Progress.user, Progress.sign), update=later)
        .returning(*columns(Progress, ProgressRecord))
    )


def record_attempt(
    user_id: str | UUID,
    sign_id: str | UUID,
    *,
    is_correct: bool,
    mastery_level: int | None = None,
) -> ProgressRecord:
    """Count one attempt of a learner at a sign, in one atomic statement.

    The first attempt sets the mastery to 10 where it is correct, else to 0. A later one moves it
    by +10 or -5 within 0 to 100, or sets it to `mastery_level` where that is given.

    Args:
        user_id: The learner.
        sign_id: The sign.
        is_correct: Whether the sign was made correctly.
        mastery_level: The mastery after a later attempt, 0 to 100.

    Returns:
        The progress after the attempt; `last_practiced` is now.

    Raises:
        NotFoundError: There is no such user or sign; `entity` says which.
        InvalidInputError: An id is no UUID, or a value is out of bounds.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    parameters = {
        "progress_id": new_id(),
        "user_id": check_id("user_id", user_id),
        "sign_id": check_id("sign_id", sign_id),
        "is_correct": check_flag("is_correct", is_correct),
        "mastery_level": mastery_level
        if mastery_level is None
        else check_integer("mastery_level", mastery_level, least=LEAST_MASTERY, most=MOST_MASTERY),
    }
    return ProgressRecord.from_row(fetch_all(attempt, **parameters)[0])
