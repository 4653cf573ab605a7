"""A learner's summary: XP, accuracy, streaks of local days, minutes of today."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import triosigno_db as db
from tests.learning_rows import Clock, add_session
from tests.plain_sql import run_plain
from tests.repositories.gamification.day_model import Session
from tests.repositories.gamification.drawing import allow_reversed_sessions, store_sessions
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_achievement, make_lesson, make_sign, make_user


def test_a_summary_adds_up(triosigno_db: IsolatedDatabase) -> None:
    user, lesson, other = make_user().id, make_lesson(signs=0).id, make_user().id
    add_session(triosigno_db.url, user, lesson, "'2026-03-01T12:00:00'", xp=30)
    add_session(triosigno_db.url, user, lesson, "'2026-03-02T12:00:00'", xp=5, done=False)
    add_session(triosigno_db.url, other, lesson, "'2026-03-02T12:00:00'", xp=1000)
    make_achievement(name="one", xp_reward=7)
    db.award_achievement(user, "one")
    for right, mastery in ((True, 80), (False, 79)):
        sign = make_sign().id
        db.record_attempt(user, sign, is_correct=right)
        db.record_attempt(user, sign, is_correct=True, mastery_level=mastery)
    summary = db.get_learner_summary(user)
    assert (summary.xp, summary.session_xp, summary.achievement_xp) == (37, 30, 7)
    assert (summary.practiced_count, summary.mastered_count, summary.accuracy) == (2, 1, 0.75)
    empty = db.get_learner_summary(make_user().id)
    assert (empty.xp, empty.accuracy, empty.current_streak, empty.daily_goal) == (0, None, 0, 10)
    with pytest.raises(db.NotFoundError):
        db.get_learner_summary(uuid4())
    for wrong in ("Mars/Olympus", "", "../etc", 1, None):
        with pytest.raises(db.InvalidInputError, match="timezone: must be the name"):
            db.get_learner_summary(user, timezone=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ages", "current"), [([0], 1), ([1], 1), ([2], 0), ([0, 1, 2, 4], 3), ([1, 2], 2)]
)
@pytest.mark.parametrize("zone", ["Europe/Paris", "Pacific/Kiritimati", "America/Los_Angeles"])
def test_a_streak_goes_on_until_a_day_is_over(
    triosigno_db: IsolatedDatabase, ages: list[int], current: int, zone: str
) -> None:
    user, lesson = make_user().id, make_lesson(signs=0).id
    for age in ages:
        noon = f"timezone('{zone}', now())::date - {age} + time '12:00'"
        noon = f"timezone('UTC', timezone('{zone}', {noon}))"
        add_session(triosigno_db.url, user, lesson, f"LEAST({noon}, timezone('UTC', now()))")
    assert db.get_learner_summary(user, timezone=zone).current_streak == current


def longest_row(days: set[date]) -> int:
    best = 0
    for day in days:
        length = 1
        while day + timedelta(days=length) in days:
            length += 1
        best = max(best, length)
    return best


# Both changes of the clocks of 2025 lie within.
offsets = st.sets(st.integers(0, 10), max_size=8)


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    start=st.sampled_from([date(2025, 3, 25), date(2025, 10, 20), date(2024, 2, 24)]),
    offsets=offsets,
    hour=st.sampled_from([0, 1, 3, 12, 23]),
    zone=st.sampled_from(["Europe/Paris", "America/Sao_Paulo", "Australia/Lord_Howe", "UTC"]),
)
def test_the_longest_streak_is_of_local_days(
    triosigno_db: IsolatedDatabase, start: date, offsets: set[int], hour: int, zone: str
) -> None:
    user, lesson = make_user().id, make_lesson(signs=0).id
    days = {start + timedelta(days=offset) for offset in offsets}
    for day in days:
        local = datetime(day.year, day.month, day.day, hour, 30, tzinfo=ZoneInfo(zone))
        moment = local.astimezone(UTC).replace(tzinfo=None).isoformat()
        for _ in range(2):
            add_session(triosigno_db.url, user, lesson, f"'{moment}'")
    assert db.get_learner_summary(user, timezone=zone).longest_streak == longest_row(days)


def test_minutes_of_today_are_cut_at_the_learner_s_midnight(triosigno_db: IsolatedDatabase) -> None:
    user, lesson = make_user().id, make_lesson(signs=0).id
    zone = "Europe/Paris"
    midnight = f"timezone('UTC', timezone('{zone}', timezone('{zone}', now())::date::timestamp))"
    add_session(triosigno_db.url, user, lesson, f"{midnight} + interval '7 min 59 s'", minutes=30)
    add_session(triosigno_db.url, user, lesson, f"{midnight} - interval '1 min'", minutes=30)
    add_session(
        triosigno_db.url, user, lesson, f"{midnight} + interval '2 min'", minutes=1, done=False
    )
    db.update_preferences(user, db.PreferenceChanges(learning_goal=7))
    summary = db.get_learner_summary(user, timezone=ZoneInfo(zone))
    assert (summary.minutes_today, summary.daily_goal, summary.is_goal_reached) == (7, 7, True)
    db.update_preferences(user, db.PreferenceChanges(learning_goal=8))
    assert not db.get_learner_summary(user).is_goal_reached


def now_plus(minutes: float) -> str:
    """SQL of a time so many minutes from now."""
    return f"timezone('UTC', now()) + {minutes} * interval '1 minute'"


@pytest.mark.parametrize("zone", ["CET", "MET", "EET", "WET", "Europe/Paris"])
def test_zones_named_like_abbreviations_have_summer_time(
    triosigno_db: IsolatedDatabase, zone: str
) -> None:
    user, lesson = make_user().id, make_lesson(signs=0).id
    # Past midnight in summer time alone.
    late = {"WET": "'2020-07-01T23:10'", "EET": "'2020-07-01T21:30'"}.get(
        zone, "'2020-07-01T22:30'"
    )
    for end in ("'2020-07-01T12:10'", late):
        add_session(triosigno_db.url, user, lesson, end)
    for timezone in (zone, ZoneInfo(zone)):
        assert db.get_learner_summary(user, timezone=timezone).longest_streak == 2
    assert db.get_learner_summary(user, timezone="UTC").longest_streak == 1


def test_what_lies_in_the_future_does_not_count(triosigno_db: IsolatedDatabase) -> None:
    user, lesson = make_user().id, make_lesson(signs=0).id
    for minutes in (1, 60, 24 * 60, 10_000_000):
        add_session(triosigno_db.url, user, lesson, now_plus(minutes), minutes=minutes + 30)
    add_session(triosigno_db.url, user, lesson, "'infinity'::timestamp", minutes=5)
    make_achievement(name="one", xp_reward=7)
    db.award_achievement(user, "one")
    run_plain(triosigno_db.url, f'UPDATE "UserAchievement" SET "achievedAt" = {now_plus(1)}')
    summary = db.get_learner_summary(user)
    assert (summary.xp, summary.session_xp, summary.achievement_xp) == (0, 0, 0)
    assert (summary.current_streak, summary.longest_streak, summary.minutes_today) == (0, 0, 0)
    run_plain(triosigno_db.url, f'UPDATE "UserAchievement" SET "achievedAt" = {now_plus(0)}')
    add_session(triosigno_db.url, user, lesson, now_plus(0))
    summary = db.get_learner_summary(user)
    assert (summary.xp, summary.current_streak, summary.longest_streak) == (17, 1, 1)


@pytest.mark.parametrize(
    ("sessions", "minutes"),
    [
        ([(0, 10), (0, 10), (0, 10)], 10),
        ([(0, 10), (5, 15), (20, 30)], 25),
        ([(0, 30), (5, 15), (20, 40)], 40),
        ([(10, 0)], 0),
        ([(10, 0), (0, 10)], 10),
        ([(5, 0), (2, 12), (30, 20)], 10),
        ([(0, 10), (10, 20)], 20),
        ([(0, 0.5), (1, 1.5)], 1),
        ([(-30, 10), (-20, 5)], 10),
        ([(-30, -10)], 0),
        ([], 0),
    ],
)
def test_minutes_are_the_time_in_which_a_session_went_on(
    clock: Clock, sessions: list[tuple[float, float]], minutes: int
) -> None:
    user, lesson = make_user().id, make_lesson(signs=0).id
    midnight = datetime(2026, 7, 1, 22, tzinfo=UTC)
    clock.set(midnight + timedelta(hours=1))
    allow_reversed_sessions(clock.url)
    stored = [
        Session(user, *(midnight + timedelta(minutes=n) for n in (start, end)))
        for start, end in sessions
    ]
    store_sessions(clock.url, lesson, stored)
    assert db.get_learner_summary(user).minutes_today == minutes


def test_times_that_python_can_not_hold_do_no_harm(triosigno_db: IsolatedDatabase) -> None:
    user, lesson = make_user().id, make_lesson(signs=0).id
    allow_reversed_sessions(triosigno_db.url)
    add_session(triosigno_db.url, user, lesson, now_plus(0), minutes=0)
    for start, end in (
        ("-infinity", "-infinity"),
        ("infinity", "-infinity"),
        ("4000-01-01 BC", "3999-01-01 BC"),
        ("infinity", "2020-01-01"),
        ("-infinity", "2019-12-31"),
        ("-infinity", "infinity"),
        ("2020-01-01", "200000-01-01"),
    ):
        add_session(triosigno_db.url, user, lesson, f"'{end}'::timestamp", minutes=0)
        run_plain(
            triosigno_db.url,
            'UPDATE "LearningSession" SET "startTime" = %s WHERE "endTime" = %s',
            (start, end),
        )
    summary = db.get_learner_summary(user)
    assert (summary.current_streak, summary.longest_streak, summary.minutes_today) == (1, 2, 0)


def test_a_session_without_an_end_gives_xp_alone(triosigno_db: IsolatedDatabase) -> None:
    user, lesson = make_user().id, make_lesson(signs=0).id
    add_session(triosigno_db.url, user, lesson, now_plus(0))
    run_plain(triosigno_db.url, 'UPDATE "LearningSession" SET "endTime" = NULL')
    summary = db.get_learner_summary(user)
    assert (summary.xp, summary.longest_streak, summary.minutes_today) == (10, 0, 0)
    assert db.get_leaderboard("all").entries[0].xp == 10
