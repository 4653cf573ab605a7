"""The summary of a learner: XP, signs, accuracy, streaks and the daily goal."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import peewee

from triosigno_db.arguments import check_id, check_timezone
from triosigno_db.database.statements import Parameter, compose, sql_columns, statement
from triosigno_db.models import (
    Achievement,
    LearningSession,
    Progress,
    User,
    UserAchievement,
    UserPreference,
)
from triosigno_db.records import LearnerSummary, Selection, check_shape, default_shape
from triosigno_db.records.gamification import LearnerSummaryT
from triosigno_db.records.learning import MASTERED
from triosigno_db.repositories.rows import fetch_record

DEFAULT_TIMEZONE = "Europe/Paris"

_KNOWN = {
    "userId": 'account."id"',
    "xp": "practised.xp + earned.xp",
    "sessionXp": "practised.xp",
    "achievementXp": "earned.xp",
    "practicedCount": "known.practiced",
    "masteredCount": "known.mastered",
    "accuracy": "known.accuracy",
    "currentStreak": "streaks.current",
    "longestStreak": "streaks.longest",
    "minutesToday": "practised.minutes",
    "dailyGoal": "goal.minutes",
    "isGoalReached": "practised.minutes >= goal.minutes",
}


@statement(reads_only=True)
def select_learner_summary(selection: Selection) -> Any:
    """Select the totals of a learner's sessions, progress and achievements, by days of a time zone.

    Within a streak, each day minus its row number gives the same date, so that date groups it.
    """
    return compose(
        """
        WITH today AS (
            SELECT day, timezone('UTC', timezone({zone}, day::timestamp)) AS start,
                timezone('UTC', timezone({zone}, (day + 1)::timestamp)) AS finish
            FROM (SELECT timezone({zone}, now())::date AS day) AS local
        ), completed AS (
            SELECT session."startTime" AS start, session."endTime" AS finish,
                session."xpEarned" AS xp,
                timezone({zone}, timezone('UTC', session."endTime"))::date AS day
            FROM {session} AS session
            WHERE session."userId" = {user_id} AND session."completed"
        ), practised AS (
            SELECT coalesce(sum(completed.xp), 0)::bigint AS xp,
                floor(coalesce(sum(extract(epoch FROM
                    LEAST(completed.finish, today.finish) - GREATEST(completed.start, today.start)
                )) FILTER (WHERE completed.finish > today.start AND completed.start < today.finish),
                0) / 60)::int AS minutes
            FROM completed, today
        ), runs AS (
            SELECT count(*)::int AS length, max(day) AS last FROM (
                SELECT day, day - (row_number() OVER (ORDER BY day))::int AS run
                FROM (SELECT DISTINCT day FROM completed WHERE day IS NOT NULL) AS days
            ) AS numbered GROUP BY run
        ), streaks AS (
            SELECT coalesce(max(length), 0) AS longest,
                coalesce(max(length) FILTER (WHERE last >= today.day - 1), 0) AS current
            FROM today LEFT JOIN runs ON true
        ), known AS (
            SELECT count(*)::int AS practiced,
                (count(*) FILTER (WHERE "masteryLevel" >= {mastered}))::int AS mastered,
                sum("correctAttempts")::float8 / NULLIF(sum("totalAttempts"), 0) AS accuracy
            FROM {progress} WHERE "userId" = {user_id}
        ), earned AS (
            SELECT coalesce(sum(achievement."xpReward"), 0)::bigint AS xp
            FROM {award} AS award
            JOIN {achievement} AS achievement ON achievement."id" = award."achievementId"
            WHERE award."userId" = {user_id}
        ), goal AS (
            SELECT coalesce(max("learningGoal"), {default_goal}) AS minutes
            FROM {preference} WHERE "userId" = {user_id}
        )
        SELECT {columns}
        FROM {user} AS account, practised, streaks, known, earned, goal
        WHERE account."id" = {user_id}
        """,
        zone=Parameter("zone").cast("text"),
        user_id=Parameter("user_id").cast("text"),
        session=LearningSession,
        progress=Progress,
        award=UserAchievement,
        achievement=Achievement,
        preference=UserPreference,
        user=User,
        mastered=peewee.SQL(str(MASTERED)),
        default_goal=peewee.SQL(str(UserPreference.learning_goal.default)),
        columns=sql_columns("LearnerSummary", _KNOWN, selection),
    )


def get_learner_summary(
    user_id: str | UUID,
    *,
    timezone: str | ZoneInfo = DEFAULT_TIMEZONE,
    shape: type[LearnerSummaryT] = default_shape(LearnerSummary),
) -> LearnerSummaryT:
    """Read the summary of a learner, in one round trip.

    A day counts for a streak if a session was completed on it. The minutes of today are the part of
    completed sessions that lies between midnight and midnight.

    Args:
        user_id: The id of the learner.
        timezone: The time zone that defines days: an IANA name or a `ZoneInfo`.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The XP, signs, accuracy, streaks and daily goal.

    Raises:
        NotFoundError: The user does not exist.
        InvalidInputError: `user_id` is not a valid id, or the time zone does not exist.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    user_id = check_id("user_id", user_id)
    zone = check_timezone("timezone", timezone)
    checked = check_shape(shape, LearnerSummary)
    chosen = select_learner_summary(checked.selection)
    return fetch_record(checked, "User", user_id, chosen, user_id=user_id, zone=zone)
