"""The summary of a learner: XP, signs, accuracy, streaks and the daily goal."""

from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import peewee

from triosigno_db.arguments import check_id, check_timezone
from triosigno_db.database.quoting import literal
from triosigno_db.database.statements import (
    NOW,
    Parameter,
    Statement,
    compose,
    sql_columns,
    statement,
)
from triosigno_db.errors import NotFoundError
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
from triosigno_db.repositories.gamification.days import (
    DEFAULT_TIMEZONE,
    Calendar,
    Offsets,
    fetch_by_days,
)

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
    "minutesToday": "spent.minutes",
    "dailyGoal": "goal.minutes",
    "isGoalReached": "spent.minutes >= goal.minutes",
}


@statement(reads_only=True)
def select_learner_summary(selection: Selection, offsets: Offsets) -> Any:
    """Select the summary of a learner, by offsets that are part of the statement.

    As parameters they would be parsed in each call. Many time zones share those of recent years.
    """
    arrays = {name: peewee.SQL(literal(array)) for name, array in offsets.arrays().items()}
    return _summary(selection, arrays)


@statement(reads_only=True)
def select_learner_summary_of_all_time(selection: Selection) -> Any:
    """Select the summary of a learner, by offsets that are parameters."""
    return _summary(selection, {name: Parameter(name) for name in ("transitions", "offsets")})


def _summary(selection: Selection, arrays: dict[str, Any]) -> Any:
    """Select the totals of a learner's sessions, progress and achievements, by days of a time zone.

    Within a streak, each day minus its row number gives the same date, so that date groups it. Of
    each session of today only the time counts that lies after the ends of all sessions that started
    before it.
    """
    return compose(
        """
        WITH today AS (
            SELECT now, {first_day} + place - 1 AS day, starts[place] AS start
            FROM (
                SELECT {now} AS now, {day_starts} AS starts,
                    pg_catalog.width_bucket({now}, {day_starts}) AS place
            ) AS clock
        ), completed AS (
            SELECT session."startTime" AS start, session."endTime" AS finish,
                session."xpEarned" AS xp, (session."endTime" + pg_catalog.make_interval(
                    secs => ({offsets})[pg_catalog.width_bucket(session."endTime", {transitions})
                        + 1]))::date AS day
            FROM {session} AS session
            WHERE session."userId" = {user_id} AND session."completed"
                AND (session."endTime" > (SELECT now FROM today)) IS NOT TRUE
        ), practised AS (
            SELECT coalesce(sum(xp), 0)::bigint AS xp, min(finish) AS earliest FROM completed
        ), spent AS (
            SELECT floor(coalesce(extract(epoch FROM sum(GREATEST(length, interval '0'))), 0)
                OPERATOR(pg_catalog./) 60)::int AS minutes
            FROM (
                SELECT finish - GREATEST(start, max(finish) OVER (
                    ORDER BY start ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS length
                FROM (
                    SELECT GREATEST(completed.start, today.start) AS start, completed.finish
                    FROM completed, today
                    WHERE completed.finish > GREATEST(completed.start, today.start)
                ) AS parts
            ) AS lengths
        ), runs AS (
            SELECT count(*)::int AS length, max(day) AS last FROM (
                SELECT day, day - (row_number() OVER (ORDER BY day))::int AS run
                FROM (SELECT DISTINCT day FROM completed WHERE day > '-infinity') AS days
            ) AS numbered GROUP BY run
        ), streaks AS (
            SELECT coalesce(max(length), 0) AS longest,
                coalesce(max(length) FILTER (WHERE last >= today.day - 1), 0) AS current
            FROM today LEFT JOIN runs ON true
        ), known AS (
            SELECT count(*)::int AS practiced,
                (count(*) FILTER (WHERE "masteryLevel" >= {mastered}))::int AS mastered,
                sum("correctAttempts")::float8
                    / NULLIF(sum("totalAttempts"), 0)::float8 AS accuracy
            FROM {progress} WHERE "userId" = {user_id}
        ), earned AS (
            SELECT coalesce(sum(achievement."xpReward"), 0)::bigint AS xp
            FROM {award} AS award
            JOIN {achievement} AS achievement ON achievement."id" = award."achievementId"
            WHERE award."userId" = {user_id} AND award."achievedAt" <= {now}
        ), goal AS (
            SELECT coalesce(max("learningGoal"), {default_goal}) AS minutes
            FROM {preference} WHERE "userId" = {user_id}
        )
        SELECT date_part('epoch', now()), date_part('epoch', practised.earliest), {columns}
        FROM {user} AS account, practised, spent, streaks, known, earned, goal
        WHERE account."id" = {user_id}
        """,
        now=NOW,
        transitions=compose("{array}::timestamp[]", array=arrays["transitions"]),
        offsets=compose("{array}::int[]", array=arrays["offsets"]),
        first_day=Parameter("first_day").cast("date"),
        day_starts=Parameter("day_starts").cast("timestamp[]"),
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
    """Read the summary of a learner, in one round trip; in two if a session is over 10 years old.

    A day counts for a streak if a completed session ended on it. The minutes of today are the time
    in which at least one completed session went on, from the first instant of the local date.
    Sessions and awards whose time lies in the future do not count.

    Args:
        user_id: The id of the learner.
        timezone: The time zone that defines days: a name that `zoneinfo` knows, or a `ZoneInfo`.
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

    def choose(calendar: Calendar) -> Statement:
        if calendar.is_recent:
            return select_learner_summary(checked.selection, calendar.offsets)
        return select_learner_summary_of_all_time(checked.selection)

    rows = fetch_by_days(choose, zone, user_id=user_id)
    if not rows:
        raise NotFoundError("User", user_id)
    return checked.from_row(rows[0], user_id)
