"""Achievements: create, read, list, update and delete badges."""

from typing import Any
from uuid import UUID

from triosigno_db.arguments import check_bool
from triosigno_db.database.statements import columns, statement
from triosigno_db.models import Achievement
from triosigno_db.records import (
    AchievementChanges,
    AchievementRecord,
    NewAchievement,
    Page,
    Selection,
    check_input,
    check_shape,
    default_shape,
)
from triosigno_db.records.gamification import AchievementT
from triosigno_db.repositories.caching import cached_page, changing_content
from triosigno_db.repositories.pages import DEFAULT_LIMIT, fetch_page, paged
from triosigno_db.repositories.rows import (
    create_record,
    delete_record,
    get_record,
    referrers_of,
    update_record,
)


@statement(reads_only=True, prepared=False)
def select_achievements(selection: Selection, filters: tuple[str, ...], is_continued: bool) -> Any:
    """Select achievements by name."""
    del filters
    query = Achievement.select(*columns(Achievement, selection))
    return paged(query, Achievement.name, is_continued=is_continued)


def create_achievement(
    new: NewAchievement, *, shape: type[AchievementT] = default_shape(AchievementRecord)
) -> AchievementT:
    """Create an achievement.

    Args:
        new: The new achievement.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The stored achievement.

    Raises:
        AlreadyExistsError: Another achievement has the same name.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    checked = check_shape(shape, AchievementRecord)
    with changing_content():
        return create_record(Achievement, check_input("new", new, NewAchievement), checked)


def get_achievement(
    achievement_id: str | UUID, *, shape: type[AchievementT] = default_shape(AchievementRecord)
) -> AchievementT:
    """Read an achievement.

    Args:
        achievement_id: The id of the achievement.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The achievement.

    Raises:
        NotFoundError: The achievement does not exist.
        InvalidInputError: `achievement_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    checked = check_shape(shape, AchievementRecord)
    return get_record(Achievement, "achievement_id", achievement_id, checked)


def list_achievements(
    *,
    limit: int = DEFAULT_LIMIT,
    cursor: str | None = None,
    shape: type[AchievementT] = default_shape(AchievementRecord),
) -> Page[AchievementT]:
    """List the achievements by name.

    Args:
        limit: The maximum number of achievements per page, 1 to 200.
        cursor: The `next_cursor` of the previous page.
        shape: The record class to return; it may have fewer fields.

    Returns:
        One page of achievements.

    Raises:
        InvalidInputError: `limit` is out of bounds, or the cursor does not belong to this list.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    checked = check_shape(shape, AchievementRecord)
    return cached_page(
        checked,
        ("achievements", limit, cursor),
        lambda: fetch_page(select_achievements, checked, limit=limit, cursor=cursor, keys=1),
    )


def update_achievement(
    achievement_id: str | UUID,
    changes: AchievementChanges,
    *,
    shape: type[AchievementT] = default_shape(AchievementRecord),
) -> AchievementT:
    """Update an achievement; fields that are not set keep their values.

    Args:
        achievement_id: The id of the achievement.
        changes: The new values; a new `xp_reward` also applies to earlier awards.
        shape: The record class to return; it may have fewer fields.

    Returns:
        The updated achievement.

    Raises:
        NotFoundError: The achievement does not exist.
        AlreadyExistsError: Another achievement has the same name.
        InvalidInputError: `achievement_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    changed = check_input("changes", changes, AchievementChanges).changed()
    checked = check_shape(shape, AchievementRecord)
    with changing_content():
        return update_record(Achievement, "achievement_id", achievement_id, changed, checked)


def delete_achievement(achievement_id: str | UUID, *, cascade: bool = False) -> None:
    """Delete an achievement.

    Args:
        achievement_id: The id of the achievement.
        cascade: Whether to revoke it from the users who have it, with its XP.

    Raises:
        NotFoundError: The achievement does not exist.
        InUseError: `cascade` is false, and users have the achievement; `uses` says how many.
        InvalidInputError: `achievement_id` is not a valid id.
        TrioSignoDBError: Common to all functions: not connected, unavailable, timed out.
    """
    referrers = () if check_bool("cascade", cascade) else referrers_of(Achievement)
    with changing_content():
        delete_record(Achievement, "achievement_id", achievement_id, referrers=referrers)
