"""A learner's summary: XP, accuracy, streaks of local days, minutes of today."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import triosigno_db as db
from tests.learning_rows import add_session
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
        add_session(triosigno_db.url, user, lesson, noon)
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
