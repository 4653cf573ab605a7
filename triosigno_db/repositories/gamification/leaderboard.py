"""The leaderboard: the learners with the most XP in a period."""

from typing import Any, Literal, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

import peewee

from triosigno_db.arguments import check_id, check_integer, check_timezone
from triosigno_db.database.statements import NOW, Parameter, compose, sql_columns, statement
from triosigno_db.errors import InvalidInputError, NotFoundError
from triosigno_db.models import Achievement, LearningSession, User, UserAchievement
from triosigno_db.records import (
    NO_COLUMNS,
    Leaderboard,
    Selection,
    Shape,
    check_shape,
    default_shape,
)
from triosigno_db.records.gamification import LeaderboardT
from triosigno_db.repositories.gamification.days import DEFAULT_TIMEZONE, fetch_by_days
from triosigno_db.repositories.pages import DEFAULT_LIMIT, MAX_ROWS

Period = Literal["day", "week", "month", "all"]

ENTRIES = "entries"
OWN = "own"

_SESSIONS_OF_PERIOD = """
    SELECT session."userId" AS user_id, sum(session."xpEarned") AS xp
    FROM {session} AS session
    WHERE session."completed" AND session."endTime" >= {since} AND session."endTime" <= {now}
    GROUP BY session."userId"
"""
# The index of users and XP has no end times, so sessions that end in the future are subtracted.
_SESSIONS_OF_ALL_TIME = """
    SELECT session."userId" AS user_id, sum(session."xpEarned") AS xp
    FROM {session} AS session WHERE session."completed" GROUP BY session."userId"
    UNION ALL
    SELECT session."userId", -sum(session."xpEarned")
    FROM {session} AS session WHERE session."completed" AND session."endTime" > {now}
    GROUP BY session."userId"
"""

_KNOWN = {
    "rank": "ranked.rank",
    "userId": 'account."id"',
    "username": 'account."username"',
    "profilePicture": 'account."profilePicture"',
    "xp": "ranked.xp",
}


@statement(reads_only=True, prepared=False)
def select_leaderboard(period: str, has_own: bool, best: Selection, own: Selection) -> Any:
    """Select the learners with the most XP in a period, and the rank of one of them."""
    if period == "all":
        sessions = compose(_SESSIONS_OF_ALL_TIME, session=LearningSession, now=NOW)
        awarded = compose('award."achievedAt" <= {now}', now=NOW)
    else:
        since = compose(
            "({starts})[pg_catalog.width_bucket({now}, {day_starts})]",
            now=NOW,
            starts=Parameter(f"{period}_starts").cast("timestamp[]"),
            day_starts=Parameter("day_starts").cast("timestamp[]"),
        )
        sessions = compose(_SESSIONS_OF_PERIOD, session=LearningSession, since=since, now=NOW)
        awarded = compose(
            'award."achievedAt" >= {since} AND award."achievedAt" <= {now}', since=since, now=NOW
        )
    place: Any = peewee.SQL("")
    if has_own:
        place = compose(
            """
            UNION ALL
            SELECT true, NULL, {columns} FROM (
                SELECT (SELECT count(*) + 1 FROM board WHERE board.xp > mine.xp) AS rank, mine.xp
                FROM (SELECT coalesce(max(xp), 0) AS xp FROM earned WHERE user_id = {user_id})
                    AS mine
            ) AS ranked, {user} AS account WHERE account."id" = {user_id}
            """,
            columns=_written(best, own),
            user=User,
            user_id=Parameter("user_id").cast("text"),
        )
    return compose(
        """
        WITH earned AS (
            SELECT user_id, sum(xp)::bigint AS xp FROM (
                {sessions}
                UNION ALL
                SELECT award."userId", sum(achievement."xpReward")
                FROM {award} AS award
                JOIN {achievement} AS achievement ON achievement."id" = award."achievementId"
                WHERE {awarded}
                GROUP BY award."userId"
            ) AS parts GROUP BY user_id HAVING sum(xp) OPERATOR(pg_catalog.>) 0
        ), board AS (
            SELECT account."id" AS user_id, account."username" AS username, earned.xp AS xp
            FROM earned JOIN {user} AS account ON account."id" = earned.user_id
            WHERE account."isActive"
        ), ranked AS (
            SELECT user_id, username, xp, rank() OVER (ORDER BY xp DESC) AS rank FROM board
            ORDER BY xp DESC, username LIMIT {row_limit}
        )
        SELECT date_part('epoch', now()), NULL, listed.*
        FROM (SELECT 1) AS one LEFT JOIN (
            SELECT false AS is_own,
                row_number() OVER (ORDER BY ranked.rank, ranked.username) AS position, {columns}
            FROM ranked JOIN {user} AS account ON account."id" = ranked.user_id
            {place}
        ) AS listed ON true
        """,
        sessions=sessions,
        awarded=awarded,
        award=UserAchievement,
        achievement=Achievement,
        user=User,
        row_limit=Parameter("row_limit"),
        columns=_written(best, own),
        place=place,
    )


def _written(best: Selection, own: Selection) -> Any:
    return sql_columns("LeaderboardEntry", _KNOWN, _both(best, own))


def _both(best: Selection, own: Selection) -> Selection:
    return Selection(tuple(dict.fromkeys((*best.columns, *own.columns))), best.nested + own.nested)


def get_leaderboard(
    period: Period = "all",
    *,
    limit: int = DEFAULT_LIMIT,
    user_id: str | UUID | None = None,
    timezone: str | ZoneInfo = DEFAULT_TIMEZONE,
    shape: type[LeaderboardT] = default_shape(Leaderboard),
) -> LeaderboardT:
    """Read the learners who have earned the most XP from completed sessions and achievements.

    Learners with the same XP share a rank, and the ranks after it are skipped: 1, 2, 2, 4.
    Deactivated accounts and accounts without XP are not listed. Sessions and awards whose time
    lies in the future do not count.

    Args:
        period: The current `"day"`, `"week"` (from Monday) or `"month"`, or `"all"`.
        limit: The maximum number of entries, 1 to 200.
        user_id: The id of a learner whose own rank is returned as well.
        timezone: The time zone that defines days: a name that `zoneinfo` knows, or a `ZoneInfo`.
        shape: The record class to return; it and its nested records may have fewer fields.

    Returns:
        The entries by rank, then by username; and the learner's own entry, which exists even
        without any XP.

    Raises:
        NotFoundError: The user `user_id` does not exist.
        InvalidInputError: The period or the time zone does not exist, `limit` is out of bounds, or
            `user_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    if period not in get_args(Period):
        raise InvalidInputError("period", f"must be one of {', '.join(get_args(Period))}")
    check_integer("limit", limit, minimum=1, maximum=MAX_ROWS)
    zone = check_timezone("timezone", timezone)
    own_id = None if user_id is None else check_id("user_id", user_id)
    checked = check_shape(shape, Leaderboard)
    best, own = _selections(checked)
    names = _both(best, own).columns
    chosen = select_leaderboard(period, own_id is not None, best, own)
    rows = fetch_by_days(lambda _: chosen, zone, row_limit=limit, user_id=own_id)
    listed = [row for row in rows if row[0] is not None]
    places = [dict(zip(names, row[2:], strict=True)) for row in listed if row[0]]
    if own_id is not None and not places:
        raise NotFoundError("User", own_id)
    entries = sorted((row for row in listed if not row[0]), key=lambda row: int(row[1]))
    return checked.from_values(
        {
            ENTRIES: [dict(zip(names, row[2:], strict=True)) for row in entries],
            OWN: places[0] if places else None,
        }
    )


def _selections(shape: Shape[LeaderboardT]) -> tuple[Selection, Selection]:
    selection = shape.selection
    sql_columns("Leaderboard", {}, selection, nested=(ENTRIES, OWN))
    return selection.inside(ENTRIES) or NO_COLUMNS, selection.inside(OWN) or NO_COLUMNS
