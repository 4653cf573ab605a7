"""Attempts: count a single attempt or a batch of thousands."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import peewee

from triosigno_db.arguments import check_bool, check_id, check_integer
from triosigno_db.database.execution import fetch_all, fetch_one
from triosigno_db.database.quoting import text_array
from triosigno_db.database.statements import (
    NOW,
    Parameter,
    columns_of,
    compose,
    sql_columns,
    statement,
)
from triosigno_db.errors import InvalidInputError, NotFoundError
from triosigno_db.models import Progress, Sign
from triosigno_db.models.fields import new_id
from triosigno_db.records import (
    Attempt,
    ProgressRecord,
    PublicAttempt,
    Selection,
    check_shape,
    default_shape,
)
from triosigno_db.records.learning import MAX_MASTERY, MIN_MASTERY, ProgressT
from triosigno_db.repositories.learning.keys import claim, digest_of_key
from triosigno_db.repositories.learning.progress import get_progress
from triosigno_db.repositories.rows import fetch_written, read_written

FIRST_CORRECT_MASTERY = 10
FIRST_WRONG_MASTERY = 0
CORRECT_STEP = 10
WRONG_STEP = -5

MAX_ATTEMPTS = 10_000
"""The maximum number of attempts in a batch."""

# -- statements -------------------------------------------------------------------------------


@statement(reads_only=False)
def upsert_progress(selection: Selection) -> Any:
    """Count one attempt: insert the progress of the user with the sign, or update it."""
    return _counting(selection, source="")


@statement(reads_only=False, idempotent=True)
def upsert_progress_once(selection: Selection) -> Any:
    """Count one attempt unless its key was claimed before; return no row if it was."""
    return compose(
        "WITH claimed AS ({claim}) {counting}",
        claim=claim(),
        counting=_counting(selection, source="FROM claimed"),
    )


def _counting(selection: Selection, *, source: str) -> Any:
    known = columns_of(Progress, "progress")
    return compose(
        """
        INSERT INTO {progress} AS progress ("id", "userId", "signId", "masteryLevel",
            "lastPracticed", "correctAttempts", "totalAttempts", "createdAt", "updatedAt")
        SELECT {progress_id}, {user_id}, {sign_id},
            CASE WHEN {is_correct} THEN {first_correct} ELSE {first_wrong} END,
            {now}, {is_correct}::int, 1, {now}, {now} {source}
        ON CONFLICT ("userId", "signId") DO UPDATE SET
            "masteryLevel" = COALESCE({mastery_level}, LEAST({most}, GREATEST({least},
                progress."masteryLevel" + CASE WHEN {is_correct} THEN {up} ELSE {down} END))),
            "lastPracticed" = {now},
            "correctAttempts" = progress."correctAttempts" + {is_correct}::int,
            "totalAttempts" = progress."totalAttempts" + 1,
            "updatedAt" = {now}
        RETURNING {columns}
        """,
        progress=Progress,
        progress_id=Parameter("progress_id").cast("text"),
        user_id=Parameter("user_id").cast("text"),
        sign_id=Parameter("sign_id").cast("text"),
        is_correct=Parameter("is_correct").cast("boolean"),
        mastery_level=Parameter("mastery_level").cast("int"),
        now=NOW,
        source=peewee.SQL(source),
        columns=sql_columns("Progress", known, selection),
        **{name: peewee.SQL(f"{number}") for name, number in _STEPS.items()},
    )


_STEPS = {
    "first_correct": FIRST_CORRECT_MASTERY,
    "first_wrong": FIRST_WRONG_MASTERY,
    "up": CORRECT_STEP,
    "down": WRONG_STEP,
    "least": MIN_MASTERY,
    "most": MAX_MASTERY,
}


@statement(reads_only=False)
def upsert_progress_of_batch(selection: Selection) -> Any:
    """Count a batch of attempts, one row for each sign, or none if a sign does not exist.

    Existing rows are locked, in the same order by all callers, and updated; others are inserted. A
    row that a concurrent call deletes in the meantime is inserted again. A row that a concurrent
    call inserts is updated by the ON CONFLICT clause.
    """
    known = columns_of(Progress, "counted")
    return compose(
        """
        WITH batch AS (
            SELECT * FROM unnest(
                {sign_ids}, {firsts}, {shifts}, {lows}, {highs}, {corrects}, {totals}
            ) AS batch(sign_id, first, shift, low, high, correct, total)
        ), locked AS (
            SELECT progress."signId" AS sign_id FROM {progress} AS progress
            JOIN batch ON batch.sign_id = progress."signId"
            WHERE progress."userId" = {user_id}
            ORDER BY progress."signId" FOR NO KEY UPDATE OF progress
        ), fresh AS (
            SELECT * FROM batch
            WHERE NOT EXISTS (SELECT FROM locked WHERE locked.sign_id = batch.sign_id)
            ORDER BY sign_id
        ), missing AS (
            SELECT sign_id FROM fresh
            WHERE NOT EXISTS (SELECT FROM {sign} AS sign WHERE sign."id" = fresh.sign_id)
        ), later AS (
            UPDATE {progress} AS progress SET
                "masteryLevel" = LEAST(batch.high, GREATEST(batch.low,
                    progress."masteryLevel" + batch.shift)),
                "lastPracticed" = {now},
                "correctAttempts" = progress."correctAttempts" + batch.correct,
                "totalAttempts" = progress."totalAttempts" + batch.total,
                "updatedAt" = {now}
            FROM batch JOIN locked ON locked.sign_id = batch.sign_id
            WHERE progress."userId" = {user_id} AND progress."signId" = batch.sign_id
                AND NOT EXISTS (SELECT FROM missing)
            RETURNING progress.*
        ), inserted AS (
            INSERT INTO {progress} AS progress ("id", "userId", "signId", "masteryLevel",
                "lastPracticed", "correctAttempts", "totalAttempts", "createdAt", "updatedAt")
            SELECT gen_random_uuid(), {user_id}, sign_id, first, {now}, correct, total, {now}, {now}
            FROM fresh WHERE NOT EXISTS (SELECT FROM missing)
            ON CONFLICT ("userId", "signId") DO UPDATE SET
                "masteryLevel" = (
                    SELECT LEAST(batch.high, GREATEST(batch.low,
                        progress."masteryLevel" + batch.shift))
                    FROM batch WHERE batch.sign_id = excluded."signId"),
                "lastPracticed" = {now},
                "correctAttempts" = progress."correctAttempts" + excluded."correctAttempts",
                "totalAttempts" = progress."totalAttempts" + excluded."totalAttempts",
                "updatedAt" = {now}
            RETURNING progress.*
        ), counted AS (
            SELECT * FROM later UNION ALL SELECT * FROM inserted
        )
        SELECT missing.sign_id, counted."signId", {columns}
        FROM counted FULL JOIN missing ON false
        """,
        progress=Progress,
        sign=Sign,
        user_id=Parameter("user_id").cast("text"),
        now=NOW,
        sign_ids=Parameter("sign_ids").cast("text[]"),
        **{name: Parameter(name).cast("int[]") for name in _NUMBERS},
        columns=sql_columns("Progress", known, selection),
    )


_NUMBERS = ("firsts", "shifts", "lows", "highs", "corrects", "totals")

# -- functions --------------------------------------------------------------------------------


def record_attempt(
    user_id: str | UUID,
    sign_id: str | UUID,
    *,
    is_correct: bool,
    mastery_level: int | None = None,
    idempotency_key: str | None = None,
    shape: type[ProgressT] = default_shape(ProgressRecord),
) -> ProgressT:
    """Record one attempt of a learner at a sign, in one atomic statement.

    The first attempt sets the mastery to 10 if it is correct, else to 0. A later attempt changes it
    by +10 or -5 within 0 to 100, or sets it to `mastery_level` if that is given.

    Args:
        user_id: The id of the learner.
        sign_id: The id of the sign.
        is_correct: Whether the sign was performed correctly.
        mastery_level: The mastery after a later attempt, 0 to 100.
        idempotency_key: A key that identifies the attempt, 1 to 200 characters, such as a UUID that
            the client creates. A second call with the same learner, sign and key counts nothing,
            so you can safely repeat a call after an `OutcomeUnknownError`.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The progress after the attempt; `last_practiced` is the current time. If the attempt was
        counted before, the current progress.

    Raises:
        NotFoundError: The user or the sign does not exist; `entity` says which.
        InvalidInputError: An id is not a valid id, or a value is out of bounds.
        OutcomeUnknownError: The answer of the server was lost; the attempt was counted once or not
            at all.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    user_id, sign_id = check_id("user_id", user_id), check_id("sign_id", sign_id)
    parameters = {
        "progress_id": new_id(),
        "user_id": user_id,
        "sign_id": sign_id,
        "is_correct": check_bool("is_correct", is_correct),
        "mastery_level": mastery_level
        if mastery_level is None
        else check_integer(
            "mastery_level", mastery_level, minimum=MIN_MASTERY, maximum=MAX_MASTERY
        ),
    }
    checked = check_shape(shape, ProgressRecord)
    key = _key(user_id, sign_id)
    if idempotency_key is None:
        return fetch_written(checked, key, upsert_progress(checked.selection), **parameters)
    digest = digest_of_key("attempt", user_id, sign_id, key=idempotency_key)
    row = fetch_one(upsert_progress_once(checked.selection), digest=digest, **parameters)
    if row is None:
        return get_progress(user_id, sign_id, shape=shape)
    return read_written(checked.from_row, row, key)


def record_attempts(
    user_id: str | UUID,
    attempts: Sequence[PublicAttempt],
    *,
    shape: type[ProgressT] = default_shape(ProgressRecord),
) -> tuple[ProgressT, ...]:
    """Record many attempts of a learner in one round trip: all of them or none.

    The result is the same as calling `record_attempt` for each attempt in turn.

    Args:
        user_id: The id of the learner.
        attempts: The attempts in order, at most 10,000.
        shape: The record class to return for each sign; it may have fewer fields.

    Returns:
        The progress with each sign after the attempts, in the order of the first attempts.

    Raises:
        NotFoundError: The user or a sign does not exist; `entity` says which. Nothing was counted.
        InvalidInputError: `user_id` is not a valid id, there are too many attempts, or an item is
            not an attempt.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    user_id = check_id("user_id", user_id)
    effects = _combine(check_attempts("attempts", attempts))
    checked = check_shape(shape, ProgressRecord)
    selection = checked.selection
    if not effects:
        return ()
    rows = fetch_all(
        upsert_progress_of_batch(selection),
        user_id=user_id,
        sign_ids=text_array(effects),
        **_numbers(effects.values()),
    )
    found = {sign_id: values for _, sign_id, *values in rows}
    if None in found:
        missing = {row[0] for row in rows}
        raise NotFoundError("Sign", next(sign_id for sign_id in effects if sign_id in missing))
    return tuple(
        read_written(checked.from_row, found[sign_id], _key(user_id, sign_id))
        for sign_id in effects
    )


def _key(user_id: str, sign_id: str) -> str:
    return f"of user {user_id} with sign {sign_id}"


def check_attempts(field: str, value: object) -> list[PublicAttempt]:
    """Check a list of attempts.

    Args:
        field: The argument's name.
        value: The attempts to check.

    Returns:
        The attempts as a list.

    Raises:
        InvalidInputError: The value is not a list of attempts, or is too long.
    """
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise InvalidInputError(field, "must be a list of Attempt")
    if len(value) > MAX_ATTEMPTS:
        raise InvalidInputError(field, f"must contain at most {MAX_ATTEMPTS:,} attempts")
    return [_check_attempt(f"{field}[{place}]", each) for place, each in enumerate(value)]


def _check_attempt(field: str, value: object) -> PublicAttempt:
    # Pydantic also creates objects without validation. Validating thousands of attempts again would
    # take longer than counting them.
    if not isinstance(value, PublicAttempt):
        raise InvalidInputError(field, "must be an Attempt or a PublicAttempt")
    check_id(f"{field}.sign_id", value.sign_id)
    check_bool(f"{field}.is_correct", value.is_correct)
    mastery_level = _mastery_of(value)
    if mastery_level is not None:
        check_integer(
            f"{field}.mastery_level", mastery_level, minimum=MIN_MASTERY, maximum=MAX_MASTERY
        )
    return value


def _mastery_of(attempt: PublicAttempt) -> int | None:
    return attempt.mastery_level if isinstance(attempt, Attempt) else None


# -- the combined effect of attempts ----------------------------------------------------------


@dataclass
class _Effect:
    """The combined effect of several attempts at one sign, on a new row and on an existing one.

    An attempt changes the mastery by the function x -> min(high, max(low, x + shift)). The
    composition of two such functions has the same form. An attempt that sets the mastery has equal
    bounds.
    """

    first: int
    shift: int
    low: int
    high: int
    correct: int
    total: int


def _combine(attempts: Iterable[PublicAttempt]) -> dict[str, _Effect]:
    effects: dict[str, _Effect] = {}
    for each in attempts:
        sign_id = str(each.sign_id)
        mastery, is_correct = _mastery_of(each), each.is_correct
        if mastery is None:
            shift = CORRECT_STEP if is_correct else WRONG_STEP
            low, high = MIN_MASTERY, MAX_MASTERY
        else:
            shift, low, high = 0, mastery, mastery
        effect = effects.get(sign_id)
        if effect is None:
            first = FIRST_CORRECT_MASTERY if is_correct else FIRST_WRONG_MASTERY
            effects[sign_id] = _Effect(first, shift, low, high, int(is_correct), 1)
        else:
            effect.first = min(high, max(low, effect.first + shift))
            effect.shift += shift
            effect.low = min(high, max(low, effect.low + shift))
            effect.high = min(high, max(low, effect.high + shift))
            effect.correct += is_correct
            effect.total += 1
    return effects


def _numbers(effects: Iterable[_Effect]) -> dict[str, str]:
    effects = list(effects)
    return {
        f"{name}s": "{" + ",".join(str(getattr(effect, name)) for effect in effects) + "}"
        for name in ("first", "shift", "low", "high", "correct", "total")
    }
