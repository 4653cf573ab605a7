"""The leaderboard: the learners with the most XP in a period."""

from typing import Any, Literal, get_args
from uuid import UUID
from zoneinfo import ZoneInfo

import peewee

from triosigno_db.arguments import check_id, check_integer, check_timezone
from triosigno_db.database.execution import fetch_all
from triosigno_db.database.statements import Parameter, compose, sql_columns, statement
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
from triosigno_db.repositories.gamification.summary import DEFAULT_TIMEZONE
from triosigno_db.repositories.pages import DEFAULT_LIMIT, MAX_ROWS

Period = Literal["day", "week", "month", "all"]

ENTRIES = "entries"
OWN = "own"


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
    since: Any = peewee.SQL("")
    since_awards: Any = peewee.SQL("")
    if period != "all":
        start = compose(
            "timezone('UTC', timezone({zone}, date_trunc({period}, timezone({zone}, now()))))",
            zone=Parameter("zone").cast("text"),
            period=peewee.SQL(f"'{period}'"),
        )
        since = compose('AND session."endTime" >= {start}', start=start)
        since_awards = compose('WHERE award."achievedAt" >= {start}', start=start)
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
                SELECT session."userId" AS user_id, sum(session."xpEarned") AS xp
                FROM {session} AS session WHERE session."completed" {since}
                GROUP BY session."userId"
                UNION ALL
                SELECT award."userId", sum(achievement."xpReward")
                FROM {award} AS award
                JOIN {achievement} AS achievement ON achievement."id" = award."achievementId"
                {since_awards}
                GROUP BY award."userId"
            ) AS parts GROUP BY user_id HAVING sum(xp) > 0
        ), board AS (
            SELECT account."id" AS user_id, account."username" AS username, earned.xp AS xp
            FROM earned JOIN {user} AS account ON account."id" = earned.user_id
            WHERE account."isActive"
        ), ranked AS (
            SELECT user_id, username, xp, rank() OVER (ORDER BY xp DESC) AS rank FROM board
            ORDER BY xp DESC, username LIMIT {row_limit}
        )
        SELECT false, row_number() OVER (ORDER BY ranked.rank, ranked.username), {columns}
        FROM ranked JOIN {user} AS account ON account."id" = ranked.user_id
        {place}
        """,
        session=LearningSession,
        award=UserAchievement,
        achievement=Achievement,
        user=User,
        since=since,
        since_awards=since_awards,
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
    Deactivated accounts and accounts without XP are not listed.

    Args:
        period: The current `"day"`, `"week"` (from Monday) or `"month"`, or `"all"`.
        limit: The maximum number of entries, 1 to 200.
        user_id: The id of a learner whose own rank is returned as well.
        timezone: The time zone that defines days: an IANA name or a `ZoneInfo`.
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
    rows = fetch_all(
        select_leaderboard(period, own_id is not None, best, own),
        row_limit=limit,
        zone=zone,
        user_id=own_id,
    )
    places = [dict(zip(names, row[2:], strict=True)) for row in rows if row[0]]
    if own_id is not None and not places:
        raise NotFoundError("User", own_id)
    entries = sorted((row for row in rows if not row[0]), key=lambda row: int(row[1]))
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
