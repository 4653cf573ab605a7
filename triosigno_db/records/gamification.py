"""Gamification: records and inputs."""

from typing import Annotated

from pydantic import Field
from typing_extensions import TypeVar

from triosigno_db.records.input import UNCHANGED, Changes, Input
from triosigno_db.records.record import Record
from triosigno_db.records.types import Description, Name, Timestamp, Url

Xp = Annotated[int, Field(strict=True, ge=0, le=2**31 - 1)]
"""Experience points, 0 or more."""


class AchievementRecord(Record):
    """A badge that users can earn."""

    id: str
    name: str
    description: str
    image_url: str
    xp_reward: int
    created_at: Timestamp
    updated_at: Timestamp


class UserAchievementRecord(Record):
    """A badge that one user has earned."""

    id: str
    user_id: str
    achievement_id: str
    achieved_at: Timestamp


class UserAchievementWithAchievement(UserAchievementRecord):
    """A badge that one user has earned, with the badge itself."""

    achievement: AchievementRecord


class Award(UserAchievementWithAchievement):
    """What awarding a badge came to.

    Attributes:
        is_new: Whether the user did not have it before.
    """

    is_new: bool


class LearnerSummary(Record):
    """Where a learner stands; days are those of the learner's time zone.

    Attributes:
        user_id: The learner.
        xp: The XP of completed sessions and of achievements.
        session_xp: The part that sessions have earned.
        achievement_xp: The part that achievements have earned.
        practiced_count: How many signs were practised.
        mastered_count: How many signs are mastered: 80 or above.
        accuracy: The share of correct attempts, 0 to 1; `None` before the first attempt.
        current_streak: Days in a row with a completed session, up to today, or up to yesterday
            where none was completed today yet.
        longest_streak: The longest such row of days.
        minutes_today: The whole minutes of the time spent today in sessions that have ended.
        daily_goal: The minutes per day that the learner wants to practise.
        is_goal_reached: Whether today's minutes have reached the goal.
    """

    user_id: str
    xp: int
    session_xp: int
    achievement_xp: int
    practiced_count: int
    mastered_count: int
    accuracy: float | None
    current_streak: int
    longest_streak: int
    minutes_today: int
    daily_goal: int
    is_goal_reached: bool


class LeaderboardEntry(Record):
    """One learner's place on the leaderboard; learners with as much XP share a rank."""

    rank: int
    user_id: str
    username: str
    profile_picture: str | None
    xp: int


class Leaderboard(Record):
    """The learners with the most XP in a period.

    Attributes:
        entries: The best, by rank.
        own: The place of the learner that was asked for, whether or not among the best; `None`
            where none was asked for.
    """

    entries: tuple[LeaderboardEntry, ...]
    own: LeaderboardEntry | None


class NewAchievement(Input):
    """An achievement to make.

    Attributes:
        name: 1 to 200 characters; no other achievement may have it.
        description: What it is given for, at most 10,000 characters.
        image_url: An http or https URL.
        xp_reward: The XP that it brings, 0 or more.
    """

    name: Name
    description: Description
    image_url: Url
    xp_reward: Xp


class AchievementChanges(Changes):
    """What to change about an achievement; fields that are not set stay as they are.

    Attributes:
        name: 1 to 200 characters; no other achievement may have it.
        description: What it is given for, at most 10,000 characters.
        image_url: An http or https URL.
        xp_reward: The XP that it brings, 0 or more; past awards count with the new one.
    """

    name: Name = UNCHANGED
    description: Description = UNCHANGED
    image_url: Url = UNCHANGED
    xp_reward: Xp = UNCHANGED


AchievementT = TypeVar("AchievementT", bound=Record, default=AchievementRecord)
UserAchievementT = TypeVar("UserAchievementT", bound=Record, default=UserAchievementWithAchievement)
AwardT = TypeVar("AwardT", bound=Record, default=Award)
LearnerSummaryT = TypeVar("LearnerSummaryT", bound=Record, default=LearnerSummary)
LeaderboardT = TypeVar("LeaderboardT", bound=Record, default=Leaderboard)
