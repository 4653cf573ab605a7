"""Awards: the achievements that a user has earned."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import peewee

from triosigno_db.arguments import check_id
from triosigno_db.database.execution import fetch_all, fetch_one
from triosigno_db.database.statements import (
    NOW,
    Parameter,
    columns,
    columns_of,
    compose,
    sql_columns,
    statement,
)
from triosigno_db.errors import NotFoundError
from triosigno_db.models import Achievement, UserAchievement
from triosigno_db.models.fields import new_id
from triosigno_db.records import (
    NO_COLUMNS,
    Award,
    Page,
    Record,
    Selection,
    Shape,
    UserAchievementWithAchievement,
    check_shape,
    default_shape,
)
from triosigno_db.records.gamification import AwardT, UserAchievementT
from triosigno_db.repositories.names import GIVEN, by_spelling, is_spelled, spellings_of
from triosigno_db.repositories.pages import DEFAULT_LIMIT, fetch_page, paged
from triosigno_db.repositories.rows import read_written

RecordT = TypeVar("RecordT", bound=Record)

NESTED = "achievement"


# -- statements -------------------------------------------------------------------------------


@statement(reads_only=False)
def insert_award(selection: Selection) -> Any:
    """Insert an award unless it exists; an existing row is neither written nor locked.

    If another call inserts it at the same time, the INSERT waits, finds that row and returns it.
    """
    stored = columns_of(UserAchievement, "award")
    own = {**stored, "isNew": 'award."isNew"'}
    inside = selection.inside(NESTED) or NO_COLUMNS
    written = sql_columns("UserAchievement", own, selection, nested=(NESTED,))
    nested = sql_columns("Achievement", columns_of(Achievement, "chosen"), inside)
    return compose(
        """
        WITH chosen AS ({chosen}), existing AS (
            SELECT {returned} FROM {award} AS award, chosen
            WHERE award."userId" = {user_id} AND award."achievementId" = chosen."id"
        ), inserted AS (
            INSERT INTO {award} AS award ("id", "userId", "achievementId", "achievedAt")
            SELECT {award_id}, {user_id}, chosen."id", {now} FROM chosen
            WHERE NOT EXISTS (SELECT FROM existing)
            ON CONFLICT ("userId", "achievementId") DO UPDATE
                SET "achievedAt" = award."achievedAt"
            RETURNING {returned}, (award.xmax = 0) AS "isNew"
        ), award AS (
            SELECT *, false AS "isNew" FROM existing UNION ALL SELECT * FROM inserted
        )
        SELECT {nested}{between}{columns} FROM chosen, award
        """,
        chosen=_select_chosen(),
        award=UserAchievement,
        award_id=Parameter("award_id"),
        user_id=Parameter("user_id").cast("text"),
        now=NOW,
        # By name: a new column of the table could be called "isNew".
        returned=peewee.SQL(", ".join(stored.values())),
        nested=nested,
        between=_comma(inside.columns and selection.columns),
        columns=written,
    )


@statement(reads_only=False)
def delete_award() -> Any:
    """Delete an award; return whether the achievement exists and whether the user had it."""
    return compose(
        """
        WITH chosen AS ({chosen}), revoked AS (
            DELETE FROM {award} AS award USING chosen
            WHERE award."userId" = {user_id} AND award."achievementId" = chosen."id"
            RETURNING award."id"
        )
        SELECT EXISTS (SELECT FROM chosen), EXISTS (SELECT FROM revoked)
        """,
        chosen=_select_chosen(),
        award=UserAchievement,
        user_id=Parameter("user_id"),
    )


def _select_chosen() -> Any:
    """Select an achievement by id or name; the name of one may be the id of another."""
    is_id = Achievement.id == Parameter(GIVEN).cast("text")
    return (
        Achievement.select()
        .where(is_id | is_spelled(Achievement.name))
        .order_by(is_id.desc(), *by_spelling(Achievement.name))
        .limit(1)
    )


@statement(reads_only=True)
def select_awards(selection: Selection, filters: tuple[str, ...], is_continued: bool) -> Any:
    """Select the achievements of a user, latest first."""
    del filters
    inside = selection.inside(NESTED) or NO_COLUMNS
    query = (
        UserAchievement.select(
            *columns(Achievement, inside),
            *columns(UserAchievement, selection, nested=(NESTED,)),
        )
        .join(Achievement, on=(Achievement.id == UserAchievement.achievement))
        .where(UserAchievement.user == Parameter("user_id"))
    )
    keys = (UserAchievement.achieved_at, UserAchievement.id)
    return paged(query, *keys, is_continued=is_continued, descending=True)


# -- functions --------------------------------------------------------------------------------


def award_achievement(
    user_id: str | UUID, name_or_id: str | UUID, *, shape: type[AwardT] = default_shape(Award)
) -> AwardT:
    """Award an achievement to a user; repeating the call changes nothing.

    Args:
        user_id: The id of the user.
        name_or_id: The id of the achievement, or its name in either form of Unicode, NFC or NFD.
        shape: The record class to return; it and its nested records may have fewer fields.

    Returns:
        The award; `is_new` is false if the user already had it.

    Raises:
        NotFoundError: The user or the achievement does not exist; `entity` says which.
        InvalidInputError: `user_id` is not a valid id, or `name_or_id` is empty or too long.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    user_id = check_id("user_id", user_id)
    key = check_id("name_or_id", name_or_id)
    checked = check_shape(shape, Award)
    chosen = insert_award(checked.selection)
    row = fetch_one(chosen, user_id=user_id, award_id=new_id(), **spellings_of(key))
    if row is None:
        raise NotFoundError("Achievement", key)
    return read_written(_reader(checked), row, f"of user {user_id} for {key}")


def revoke_achievement(user_id: str | UUID, name_or_id: str | UUID) -> None:
    """Revoke an achievement of a user.

    Args:
        user_id: The id of the user.
        name_or_id: The id of the achievement, or its name in either form of Unicode, NFC or NFD.

    Raises:
        NotFoundError: The achievement does not exist, or the user does not have it; `entity` says
            which.
        InvalidInputError: `user_id` is not a valid id, or `name_or_id` is empty or too long.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    user_id = check_id("user_id", user_id)
    key = check_id("name_or_id", name_or_id)
    ((is_found, is_revoked),) = fetch_all(delete_award(), user_id=user_id, **spellings_of(key))
    if not is_found:
        raise NotFoundError("Achievement", key)
    if not is_revoked:
        raise NotFoundError("UserAchievement", f"of user {user_id} for {key}")


def list_user_achievements(
    user_id: str | UUID,
    *,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
    shape: type[UserAchievementT] = default_shape(UserAchievementWithAchievement),
) -> Page[UserAchievementT]:
    """List the achievements of a user, latest first.

    Args:
        user_id: The id of the user.
        limit: The maximum number of achievements per page, 1 to 200.
        cursor: The `next_cursor` of the previous page.
        shape: The record class to return; it and its nested records may have fewer fields.

    Returns:
        One page of awards with their achievements; it is empty if the user does not exist.

    Raises:
        InvalidInputError: `user_id` is not a valid id, `limit` is out of bounds, or the cursor
            does not belong to this list.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    user_id = check_id("user_id", user_id)
    checked = check_shape(shape, UserAchievementWithAchievement)
    return fetch_page(
        select_awards, checked, limit=limit, cursor=cursor, read=_reader(checked), user_id=user_id
    )


def _comma(is_needed: object) -> Any:
    return peewee.SQL(", " if is_needed else "")


def _reader(shape: Shape[RecordT]) -> Callable[[Sequence[Any], object], RecordT]:
    """Build a function that converts a row of an achievement and its award to a record."""
    selection = shape.selection
    inside = selection.inside(NESTED) or NO_COLUMNS
    width = len(inside.columns)

    def read(row: Sequence[Any], key: object) -> RecordT:
        values = dict(zip(selection.columns, row[width:], strict=True))
        if width:
            values[NESTED] = dict(zip(inside.columns, row, strict=False))
        return shape.from_values(values, key)

    return read
