"""Sessions: start, end, read and list the learning sessions of a learner with a lesson."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Generic, NamedTuple
from uuid import UUID

import peewee

from triosigno_db.arguments import check_bool, check_id, check_integer, check_timestamp
from triosigno_db.database.connection import Row
from triosigno_db.database.execution import fetch_one
from triosigno_db.database.statements import (
    NOW,
    Parameter,
    Statement,
    columns,
    columns_of,
    compose,
    sql_columns,
    statement,
)
from triosigno_db.database.transactions import run_in_transaction
from triosigno_db.errors import ConflictError, NotFoundError
from triosigno_db.models import LearningSession
from triosigno_db.models.fields import MAX_INTEGER, new_id
from triosigno_db.models.keys import IDEMPOTENCY_KEYS
from triosigno_db.records import (
    Page,
    PublicAttempt,
    Selection,
    SessionRecord,
    Shape,
    check_shape,
    default_shape,
)
from triosigno_db.records.learning import SessionT
from triosigno_db.repositories.learning.attempts import check_attempts, record_attempts
from triosigno_db.repositories.learning.keys import claim, digest_of_key
from triosigno_db.repositories.pages import DEFAULT_LIMIT, fetch_page, filtered, paged
from triosigno_db.repositories.rows import fetch_written, get_record, read_written

# -- statements -------------------------------------------------------------------------------


@statement(reads_only=False)
def insert_session(selection: Selection) -> Any:
    """Insert a session."""
    return LearningSession.insert(
        {
            LearningSession.id: Parameter("session_id"),
            LearningSession.user: Parameter("user_id"),
            LearningSession.lesson: Parameter("lesson_id"),
            LearningSession.start_time: NOW,
        }
    ).returning(*columns(LearningSession, selection))


@statement(reads_only=False)
def end_session_abandoned(selection: Selection) -> Any:
    """End an open session without a result."""
    return _ending(selection)


@statement(reads_only=False)
def end_session_completed(selection: Selection) -> Any:
    """End an open session with its result."""
    return _ending(selection, outcome=_result())


@statement(reads_only=False, idempotent=True)
def end_session_completed_once(selection: Selection) -> Any:
    """End an open session with its result, and claim the idempotency key of the call."""
    return _ending(
        selection,
        outcome=_result(),
        claimed=compose(", claimed AS ({claim})", claim=claim("FROM ended")),
    )


@statement(reads_only=True)
def select_session_completed_by(selection: Selection) -> Any:
    """Select the session if it was completed with a key."""
    return compose(
        """
        SELECT {columns} FROM {session} AS session WHERE "id" = {session_id}
            AND EXISTS (SELECT FROM {keys} WHERE "digest" = {digest})
        """,
        session=LearningSession,
        session_id=Parameter("session_id"),
        keys=IDEMPOTENCY_KEYS,
        digest=Parameter("digest").cast("uuid"),
        columns=sql_columns("LearningSession", columns_of(LearningSession, "session"), selection),
    )


_NO_SQL = peewee.SQL("")


def _result() -> Any:
    return compose(
        '"completed" = true, "score" = {score}, "xpEarned" = {xp_earned},',
        score=Parameter("score"),
        xp_earned=Parameter("xp_earned"),
    )


def _ending(selection: Selection, *, outcome: Any = _NO_SQL, claimed: Any = _NO_SQL) -> Any:
    """Build a statement that ends an open session and returns its earlier state as well."""
    return compose(
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
        ){claimed}
        SELECT earlier."userId", earlier."completed", ended."id" IS NOT NULL, {columns}
        FROM earlier LEFT JOIN ended ON true
        """,
        session=LearningSession,
        session_id=Parameter("session_id"),
        outcome=outcome,
        claimed=claimed,
        now=NOW,
        columns=sql_columns("LearningSession", columns_of(LearningSession, "ended"), selection),
    )


@statement(reads_only=True, prepared=False)
def select_sessions(selection: Selection, filters: tuple[str, ...], is_continued: bool) -> Any:
    """Select the sessions that match the filters, latest first."""
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
    user_id: str | UUID,
    lesson_id: str | UUID,
    *,
    shape: type[SessionT] = default_shape(SessionRecord),
) -> SessionT:
    """Start a session of a learner with a lesson.

    Args:
        user_id: The id of the learner.
        lesson_id: The id of the lesson.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The open session; its `start_time` is the current time.

    Raises:
        NotFoundError: The user or the lesson does not exist; `entity` says which.
        InvalidInputError: An id is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    parameters = {
        "session_id": new_id(),
        "user_id": check_id("user_id", user_id),
        "lesson_id": check_id("lesson_id", lesson_id),
    }
    checked = check_shape(shape, SessionRecord)
    return fetch_written(
        checked, parameters["session_id"], insert_session(checked.selection), **parameters
    )


def complete_session(
    session_id: str | UUID,
    *,
    score: int,
    xp_earned: int,
    attempts: Sequence[PublicAttempt] = (),
    idempotency_key: str | None = None,
    shape: type[SessionT] = default_shape(SessionRecord),
) -> SessionT:
    """Complete a session with its result and record its attempts, in one transaction.

    Args:
        session_id: The id of the session.
        score: The score, 0 or more.
        xp_earned: The XP that the learner earns, 0 or more.
        attempts: The attempts made in the session, in order, at most 10,000.
        idempotency_key: A key that identifies the completion, 1 to 200 characters. A second call
            with the same session and key changes nothing and returns the session, so you can safely
            repeat a call after an `OutcomeUnknownError`.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The completed session; its `end_time` is the current time, or the time at which it was
        completed with this key.

    Raises:
        NotFoundError: The session, or a sign that was attempted, does not exist.
        ConflictError: The session has already ended; nothing was changed.
        OutcomeUnknownError: The answer of the server was lost; everything was applied or nothing.
        InvalidInputError: `session_id` is not a valid id, or a value is out of bounds.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    session_id = check_id("session_id", session_id)
    parameters = {
        "session_id": session_id,
        "score": check_integer("score", score, minimum=0, maximum=MAX_INTEGER),
        "xp_earned": check_integer("xp_earned", xp_earned, minimum=0, maximum=MAX_INTEGER),
    }
    made = check_attempts("attempts", attempts)
    checked = check_shape(shape, SessionRecord)
    chosen = end_session_completed(checked.selection)
    if idempotency_key is not None:
        parameters["digest"] = digest_of_key("session", session_id, key=idempotency_key)
        chosen = end_session_completed_once(checked.selection)
    if not made:
        return _end(chosen, parameters, checked).session

    def complete() -> SessionT:
        ending = _end(chosen, parameters, checked)
        if ending.is_new:
            record_attempts(ending.user_id, made)
        return ending.session

    return run_in_transaction(complete)


def abandon_session(
    session_id: str | UUID, *, shape: type[SessionT] = default_shape(SessionRecord)
) -> SessionT:
    """Abandon a session: end it without a result.

    Args:
        session_id: The id of the session.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The session; it is not completed, and its `end_time` is the current time.

    Raises:
        NotFoundError: The session does not exist.
        ConflictError: The session has already ended.
        InvalidInputError: `session_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    parameters = {"session_id": check_id("session_id", session_id)}
    checked = check_shape(shape, SessionRecord)
    chosen = end_session_abandoned(checked.selection)
    return _end(chosen, parameters, checked).session


def get_session(
    session_id: str | UUID, *, shape: type[SessionT] = default_shape(SessionRecord)
) -> SessionT:
    """Read a session.

    Args:
        session_id: The id of the session.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The session.

    Raises:
        NotFoundError: The session does not exist.
        InvalidInputError: `session_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    return get_record(LearningSession, "session_id", session_id, check_shape(shape, SessionRecord))


def list_sessions(
    *,
    user_id: str | UUID | None = None,
    lesson_id: str | UUID | None = None,
    completed: bool | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
    shape: type[SessionT] = default_shape(SessionRecord),
) -> Page[SessionT]:
    """List sessions, latest first.

    Args:
        user_id: Only sessions of this learner.
        lesson_id: Only sessions with this lesson.
        completed: Only completed sessions, or only those that are open or abandoned.
        since: Only sessions that started at or after this time; an aware datetime.
        until: Only sessions that started before this time; an aware datetime.
        limit: The maximum number of sessions per page, 1 to 200.
        cursor: The `next_cursor` of the previous page.
        shape: The record class to return; it may have fewer fields.

    Returns:
        One page of sessions, sorted by `start_time`, then by id, both descending.

    Raises:
        InvalidInputError: A filter or `limit` is out of bounds, or the cursor does not belong to
            this list.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    checks = (
        ("user_id", user_id, check_id),
        ("lesson_id", lesson_id, check_id),
        ("completed", completed, check_bool),
        ("since", since, check_timestamp),
        ("until", until, check_timestamp),
    )
    filters: dict[str, Any] = {
        name: check(name, value) for name, value, check in checks if value is not None
    }
    checked = check_shape(shape, SessionRecord)
    return fetch_page(select_sessions, checked, limit=limit, cursor=cursor, **filters)


class _Ending(NamedTuple, Generic[SessionT]):
    user_id: str
    session: SessionT
    is_new: bool


def _end(
    chosen: Statement, parameters: dict[str, Any], shape: Shape[SessionT]
) -> _Ending[SessionT]:
    """End a session, or return it if it was completed with the same key before."""
    session_id = parameters["session_id"]
    row = fetch_one(chosen, **parameters)
    if row is None:
        raise NotFoundError("LearningSession", session_id)
    (user_id, was_completed, is_new), values = row[:3], row[3:]
    if not is_new:
        values = (was_completed and _completed_before(parameters, shape)) or ()
    if not values:
        done = "completed" if was_completed else "abandoned"
        raise ConflictError(f"The session {session_id} was {done} before.")
    return _Ending(user_id, read_written(shape.from_row, values, session_id), is_new)


def _completed_before(parameters: dict[str, Any], shape: Shape[SessionT]) -> Row | None:
    if "digest" not in parameters:
        return None
    # A separate statement: it sees the key of a call that ran at the same time.
    known = {name: parameters[name] for name in ("session_id", "digest")}
    return fetch_one(select_session_completed_by(shape.selection), **known)
