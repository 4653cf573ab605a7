"""Sessions: the sittings of a learner with a lesson."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import peewee

from triosigno_db.arguments import check_flag, check_id, check_integer, check_moment
from triosigno_db.database import fetch_one, run_in_transaction
from triosigno_db.errors import ConflictError, NotFoundError
from triosigno_db.models import LearningSession
from triosigno_db.models.fields import MAX_INTEGER, new_id
from triosigno_db.records import Attempt, Page, Selection, SessionRecord, whole
from triosigno_db.records.learning import SessionT
from triosigno_db.repositories.learning.attempts import check_attempts, record_attempts
from triosigno_db.repositories.pages import DEFAULT_LIMIT, fetch_page, filtered, paged
from triosigno_db.repositories.rows import fetch_written, get_row, selection_of
from triosigno_db.statements import (
    NOW,
    Parameter,
    columns,
    columns_of,
    statement,
    write,
    written_columns,
)

# -- statements -------------------------------------------------------------------------------


@statement(reads_only=False)
def new_session(selection: Selection) -> Any:
    """Begin a session."""
    return LearningSession.insert(
        {
            LearningSession.id: Parameter("session_id"),
            LearningSession.user: Parameter("user_id"),
            LearningSession.lesson: Parameter("lesson_id"),
            LearningSession.start_time: NOW,
        }
    ).returning(*columns(LearningSession, selection))


@statement(reads_only=False)
def ended_session(is_completed: bool, selection: Selection) -> Any:
    """End a session that is open; what it was before tells whether that was so."""
    outcome: Any = peewee.SQL("")
    if is_completed:
        outcome = write(
            '"completed" = true, "score" = {score}, "xpEarned" = {xp_earned},',
            score=Parameter("score"),
            xp_earned=Parameter("xp_earned"),
        )
    return write(
        """
        WITH earlier AS (
            SELECT * FROM {session} WHERE "id" = {session_id} FOR UPDATE
        ), ended AS (
            UPDATE {session} AS session SET {outcome}
                "endTime" = GREATEST({now}, session."startTime")
            FROM earlier
            WHERE session."id" = earlier."id"
                AND NOT earlier."completed" AND earlier."endTime" IS NULL
            RETURNING session.*
        )
        SELECT earlier."userId", earlier."completed", ended."id" IS NOT NULL, {columns}
        FROM earlier LEFT JOIN ended ON true
        """,
        session=LearningSession,
        session_id=Parameter("session_id"),
        outcome=outcome,
        now=NOW,
        columns=written_columns("LearningSession", columns_of(LearningSession, "ended"), selection),
    )


@statement(reads_only=True, plans_once=False)
def sessions(selection: Selection, filters: tuple[str, ...], is_continued: bool) -> Any:
    """The sessions that pass the filters, the latest first."""
    conditions = {
        "user_id": LearningSession.user == Parameter("user_id"),
        "lesson_id": LearningSession.lesson == Parameter("lesson_id"),
        "completed": LearningSession.completed == Parameter("completed"),
        "since": LearningSession.start_time >= Parameter("since"),
        "until": LearningSession.start_time < Parameter("until"),
    }
    query = LearningSession.select(*columns(LearningSession, selection))
    query = filtered(query, (conditions[name] for name in filters))
    keys = (LearningSession.start_time, LearningSession.id)
    return paged(query, *keys, is_continued=is_continued, descending=True)


# -- functions --------------------------------------------------------------------------------


def start_session(
    user_id: str | UUID, lesson_id: str | UUID, *, shape: type[SessionT] = whole(SessionRecord)
) -> SessionT:
    """Begin a session of a learner with a lesson.

    Args:
        user_id: The learner.
        lesson_id: The lesson.
        shape: The record to return, with fewer fields.

    Returns:
        The session; it is open, and `start_time` is now.

    Raises:
        NotFoundError: There is no such user or lesson; `entity` says which.
        InvalidInputError: An id is no UUID.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    parameters = {
        "session_id": new_id(),
        "user_id": check_id("user_id", user_id),
        "lesson_id": check_id("lesson_id", lesson_id),
    }
    return fetch_written(shape, new_session(selection_of(shape)), **parameters)


def complete_session(
    session_id: str | UUID,
    *,
    score: int,
    xp_earned: int,
    attempts: Sequence[Attempt] = (),
    shape: type[SessionT] = whole(SessionRecord),
) -> SessionT:
    """End a session with its result, and count its attempts, in one transaction.

    Args:
        session_id: The session.
        score: Its score, 0 or more.
        xp_earned: The XP that it brings, 0 or more.
        attempts: The attempts made in it, in their order, at most 10,000.
        shape: The record to return, with fewer fields.

    Returns:
        The session; it is completed, and `end_time` is now.

    Raises:
        NotFoundError: There is no such session, or a sign that was attempted does not exist.
        ConflictError: The session was completed or abandoned before; nothing was changed.
        InvalidInputError: `session_id` is no UUID, or a value is out of bounds.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    parameters = {
        "session_id": check_id("session_id", session_id),
        "score": check_integer("score", score, least=0, most=MAX_INTEGER),
        "xp_earned": check_integer("xp_earned", xp_earned, least=0, most=MAX_INTEGER),
    }
    made = check_attempts("attempts", attempts)
    if not made:
        return _end(True, parameters, shape)[1]

    def complete() -> SessionT:
        user_id, session = _end(True, parameters, shape)
        record_attempts(user_id, made)
        return session

    return run_in_transaction(complete)


def abandon_session(
    session_id: str | UUID, *, shape: type[SessionT] = whole(SessionRecord)
) -> SessionT:
    """End a session without a result.

    Args:
        session_id: The session.
        shape: The record to return, with fewer fields.

    Returns:
        The session; it is not completed, and `end_time` is now.

    Raises:
        NotFoundError: There is no such session.
        ConflictError: The session was completed or abandoned before.
        InvalidInputError: `session_id` is no UUID.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    return _end(False, {"session_id": check_id("session_id", session_id)}, shape)[1]


def get_session(
    session_id: str | UUID, *, shape: type[SessionT] = whole(SessionRecord)
) -> SessionT:
    """Read a session.

    Args:
        session_id: The session.
        shape: The record to return, with fewer fields.

    Returns:
        The session.

    Raises:
        NotFoundError: There is no such session.
        InvalidInputError: `session_id` is no UUID.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    return get_row(LearningSession, "session_id", session_id, shape)


def list_sessions(
    *,
    user_id: str | UUID | None = None,
    lesson_id: str | UUID | None = None,
    completed: bool | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
    shape: type[SessionT] = whole(SessionRecord),
) -> Page[SessionT]:
    """List sessions, the latest first.

    Args:
        user_id: Only sessions of this learner.
        lesson_id: Only sessions with this lesson.
        completed: Only completed ones, or only those that are open or abandoned.
        since: Only sessions that started at this moment or later; an aware datetime.
        until: Only sessions that started before this moment; an aware datetime.
        limit: The most sessions of one page, 1 to 200.
        cursor: The `next_cursor` of the page before.
        shape: The record to return, with fewer fields.

    Returns:
        One page of sessions, by `start_time`, then by id, both falling.

    Raises:
        InvalidInputError: A filter or `limit` is out of bounds, or the cursor is none of this list.
        TrioSignoDBError: As for every function: not connected, unavailable, timed out.
    """
    checked = (
        ("user_id", user_id, check_id),
        ("lesson_id", lesson_id, check_id),
        ("completed", completed, check_flag),
        ("since", since, check_moment),
        ("until", until, check_moment),
    )
    filters: dict[str, Any] = {
        name: check(name, value) for name, value, check in checked if value is not None
    }
    return fetch_page(sessions, shape, limit=limit, cursor=cursor, **filters)


def _end(
    is_completed: bool, parameters: dict[str, Any], shape: type[SessionT]
) -> tuple[str, SessionT]:
    """End a session; give its learner and what it is now."""
    session_id = parameters["session_id"]
    row = fetch_one(ended_session(is_completed, selection_of(shape)), **parameters)
    if row is None:
        raise NotFoundError("LearningSession", session_id)
    user_id, was_completed, is_ended, *values = row
    if not is_ended:
        done = "completed" if was_completed else "abandoned"
        raise ConflictError(f"The session {session_id} was {done} before.")
    return user_id, shape.from_row(values)
