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

    _table = "Achievement"

    id: str
    name: str
    description: str
    image_url: str
    xp_reward: int
    created_at: Timestamp
    updated_at: Timestamp


class UserAchievementRecord(Record):
    """A badge that a user has earned."""

    _table = "UserAchievement"

    id: str
    user_id: str
    achievement_id: str
    achieved_at: Timestamp


class UserAchievementWithAchievement(UserAchievementRecord):
    """A badge that a user has earned, with the badge."""

    achievement: AchievementRecord


class Award(UserAchievementWithAchievement):
    """The result of awarding a badge.

    Attributes:
        is_new: Whether the user did not have the badge before.
    """

    is_new: bool


class LearnerSummary(Record):
    """The summary of a learner; days are those of the requested time zone.

    Sessions and awards whose time lies in the future do not count.

    Attributes:
        user_id: The id of the learner.
        xp: The XP of completed sessions and of achievements.
        session_xp: The XP of completed sessions.
        achievement_xp: The XP of achievements.
        practiced_count: The number of signs practised.
        mastered_count: The number of signs mastered: a mastery of 80 or above.
        accuracy: The fraction of correct attempts, 0 to 1; `None` before the first attempt.
        current_streak: The number of consecutive days with a completed session, up to today, or up
            to yesterday if no session was completed today yet.
        longest_streak: The highest number of consecutive days with a completed session.
        minutes_today: The time of today in which at least one completed session went on, in
            minutes, rounded down.
        daily_goal: The number of minutes per day that the learner wants to practise.
        is_goal_reached: Whether `minutes_today` has reached `daily_goal`.
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
    """The entry of a learner on the leaderboard; learners with the same XP share a rank."""

    rank: int
    user_id: str
    username: str
    profile_picture: str | None
    xp: int


class Leaderboard(Record):
    """The learners with the most XP in a period, up to now.

    Attributes:
        entries: The best learners, by rank.
        own: The entry of the requested learner, even if it is not in `entries`; `None` if no
            learner was requested.
    """

    entries: tuple[LeaderboardEntry, ...]
    own: LeaderboardEntry | None


class NewAchievement(Input):
    """The values of a new achievement.

    Attributes:
        name: 1 to 200 characters, unique among achievements.
        description: How to earn it, at most 10,000 characters.
        image_url: An http or https URL.
        xp_reward: The XP that it awards, 0 or more.
    """

    name: Name
    description: Description
    image_url: Url
    xp_reward: Xp


class AchievementChanges(Changes):
    """Changes to an achievement; fields that are not set keep their values.

    Attributes:
        name: 1 to 200 characters, unique among achievements.
        description: How to earn it, at most 10,000 characters.
        image_url: An http or https URL.
        xp_reward: The XP that it awards, 0 or more; this also applies to earlier awards.
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
