"""Progress and gamification at given moments: reviews, sessions, streaks, the leaderboard."""

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import triosigno_db as db
from tests.content import make_lesson, make_module, make_sign, make_user
from tests.plain_sql import run_plain

IMAGE = "https://example.org/image.webp"
PARIS = ZoneInfo("Europe/Paris")


def make_achievement(name: str, xp: int) -> db.AchievementRecord:
    new = db.NewAchievement(name=name, description="", image_url=IMAGE, xp_reward=xp)
    return db.create_achievement(new)


def add_session(
    url: str,
    user: str,
    lesson: str,
    end: str,
    *,
    minutes: float = 10,
    xp: int = 10,
    done: bool = True,
) -> None:
    """Add a session that ends at a moment, an expression in SQL."""
    run_plain(
        url,
        f"""
        INSERT INTO "LearningSession" ("id", "userId", "lessonId", "startTime", "endTime",
            "xpEarned", "completed")
        SELECT gen_random_uuid(), %s, %s, moment - %s * interval '1 minute', moment, %s, %s
        FROM (SELECT ({end})::timestamp(3) AS moment) AS given
        """,
        (user, lesson, minutes, xp, done),
    )


# -- reviews ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mastery", "days"),
    [(0, 0), (1, 1), (39, 1), (40, 3), (69, 3), (70, 7), (89, 7), (90, 21), (100, 21)],
)
def test_a_sign_is_due_when_its_days_are_over(database: str, mastery: int, days: int) -> None:
    user = make_user().id
    for slack, sign in (("1 minute", make_sign()), ("-1 minute", make_sign())):
        db.record_attempt(user, sign.id, is_correct=True)
        run_plain(
            database,
            'UPDATE "Progress" SET "masteryLevel" = %s,'
            " \"lastPracticed\" = timezone('UTC', now()) - %s * interval '1 day' - %s::interval"
            ' WHERE "signId" = %s',
            (mastery, days, slack, sign.id),
        )
        if slack == "1 minute":
            expected = sign
    (due,) = db.list_signs_to_review(user).items
    assert due.sign == expected
    assert due.last_practiced is not None
    assert due.due_at == due.last_practiced + timedelta(days=days)


def test_the_longest_overdue_comes_first(database: str) -> None:
    user, signs = make_user().id, [make_sign().id for _ in range(4)]
    for age, sign in zip((3, 9, 5, None), signs, strict=True):
        db.record_attempt(user, sign, is_correct=True)
        run_plain(
            database,
            'UPDATE "Progress"'
            " SET \"lastPracticed\" = timezone('UTC', now()) - %s * interval '1 d',"
            " \"createdAt\" = timezone('UTC', now()) - interval '7 d' WHERE \"signId\" = %s",
            (age, sign),
        )
    found = [each.sign_id for each in db.list_signs_to_review(user).items]
    # One that was never practised is due since it was made.
    assert found == [signs[1], signs[3], signs[2], signs[0]]
    assert db.list_signs_to_review(make_user().id).items == ()


# -- progress ---------------------------------------------------------------------------------


def test_progress_is_listed_by_what_teaches_the_sign(database: str) -> None:
    user, module = make_user().id, make_module().id
    first, second = (make_lesson(module_id=module).id for _ in range(2))
    a, b, c = sorted(make_sign().id for _ in range(3))
    db.set_lesson_signs(first, [a, b])
    db.set_lesson_signs(second, [b])
    for sign, mastery in ((a, 20), (b, 80), (c, 100)):
        db.record_attempt(user, sign, is_correct=True)
        db.record_attempt(user, sign, is_correct=True, mastery_level=mastery)
    for filters, expected in (
        ({}, [a, b, c]),
        ({"lesson_id": second}, [b]),
        ({"lesson_id": first}, [a, b]),
        ({"module_id": module}, [a, b]),
        ({"min_mastery": 80}, [b, c]),
        ({"max_mastery": 80}, [a, b]),
        ({"min_mastery": 21, "max_mastery": 99}, [b]),
        ({"module_id": module, "lesson_id": second, "max_mastery": 79}, []),
        ({"module_id": uuid4()}, []),
    ):
        found: Any = db.list_progress(user, **filters)  # type: ignore[arg-type]
        assert [row.sign_id for row in found.items] == expected
    assert db.get_progress(user, b).mastery_level == 80
    with pytest.raises(db.NotFoundError, match="There is no Progress of user"):
        db.get_progress(user, make_sign().id)


def test_a_sign_of_two_lessons_counts_once_in_the_module(database: str) -> None:
    user, module = make_user().id, make_module(title="m").id
    first, second, empty = (make_lesson(module_id=module, title=t).id for t in "abc")
    one, two, three = (make_sign().id for _ in range(3))
    db.set_lesson_signs(first, [one, two])
    db.set_lesson_signs(second, [two, three])
    for sign, mastery in ((one, 79), (two, 80)):
        db.record_attempt(user, sign, is_correct=True)
        db.record_attempt(user, sign, is_correct=True, mastery_level=mastery)
    db.record_attempt(make_user().id, three, is_correct=True)
    found = db.get_module_progress(user, module)
    assert (found.title, found.sign_count, found.practiced_count, found.mastered_count) == (
        "m",
        3,
        2,
        1,
    )
    assert found.mean_mastery == pytest.approx(159 / 3)
    assert [
        (row.lesson_id, row.order, row.sign_count, row.practiced_count, row.mastered_count)
        for row in found.lessons
    ] == [(first, 1, 2, 2, 1), (second, 2, 2, 1, 1), (empty, 3, 0, 0, 0)]
    assert [row.mean_mastery for row in found.lessons] == [79.5, 40.0, 0.0]
    for key, entity in (((uuid4(), module), "User"), ((user, uuid4()), "Module")):
        with pytest.raises(db.NotFoundError) as caught:
            db.get_module_progress(*key)
        assert caught.value.entity == entity
    assert db.get_module_progress(user, make_module().id).lessons == ()


# -- sessions ---------------------------------------------------------------------------------


def test_of_two_completions_at_once_one_counts(database: str) -> None:
    user, lesson, sign = make_user().id, make_lesson().id, make_sign().id
    for _ in range(5):
        session = db.start_session(user, lesson)
        barrier = threading.Barrier(2)
        failures: list[db.TrioSignoDBError] = []

        def complete(session: str, barrier: threading.Barrier, failures: list[Any]) -> None:
            barrier.wait()
            try:
                attempts = [db.Attempt(sign_id=sign, is_correct=True)]
                db.complete_session(session, score=1, xp_earned=1, attempts=attempts)
            except db.ConflictError as error:
                failures.append(error)

        arguments = (session.id, barrier, failures)
        threads = [threading.Thread(target=complete, args=arguments) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(failures) == 1
    assert db.get_progress(user, sign).total_attempts == 5


def test_attempts_and_completion_are_kept_together(database: str) -> None:
    session, sign = db.start_session(make_user().id, make_lesson().id), make_sign().id
    attempts = [db.Attempt(sign_id=key, is_correct=True) for key in (sign, str(uuid4()))]
    with pytest.raises(db.NotFoundError) as caught:
        db.complete_session(session.id, score=1, xp_earned=1, attempts=attempts)
    assert (caught.value.entity, caught.value.key) == ("Sign", attempts[1].sign_id)
    assert db.get_session(session.id) == session
    assert db.list_progress(session.user_id).items == ()
    done = db.complete_session(session.id, score=90, xp_earned=50, attempts=attempts[:1])
    assert (done.completed, done.score, done.xp_earned) == (True, 90, 50)
    assert done.end_time is not None
    for end in (
        lambda: db.abandon_session(session.id),
        lambda: db.complete_session(session.id, score=0, xp_earned=0),
    ):
        with pytest.raises(db.ConflictError, match="completed before"):
            end()
    left = db.abandon_session(db.start_session(session.user_id, session.lesson_id).id)
    assert (left.completed, left.score, left.end_time is None) == (False, None, False)
    with pytest.raises(db.ConflictError, match="abandoned before"):
        db.abandon_session(left.id)


def test_sessions_are_listed_by_period(database: str) -> None:
    user, lesson = make_user().id, make_lesson().id
    for day in (1, 2, 3):
        add_session(database, user, lesson, f"'2026-03-0{day}T12:00:00'", minutes=0)
    noon = [datetime(2026, 3, day, 12, tzinfo=UTC) for day in (1, 2, 3)]

    def starts(**filters: Any) -> list[datetime]:
        return [session.start_time for session in db.list_sessions(**filters).items]

    assert starts() == noon[::-1]
    assert starts(since=noon[1]) == [noon[2], noon[1]]
    assert starts(until=noon[1]) == [noon[0]]
    assert starts(since=noon[1].astimezone(PARIS), until=noon[2]) == [noon[1]]
    assert starts(user_id=user, lesson_id=lesson, completed=True) == noon[::-1]
    assert starts(completed=False) == starts(user_id=uuid4()) == []
    with pytest.raises(db.InvalidInputError, match="since: must be aware"):
        db.list_sessions(since=datetime(2026, 3, 1))  # noqa: DTZ001 (a naive one is refused)


# -- the summary ------------------------------------------------------------------------------


def test_a_summary_adds_up(database: str) -> None:
    user, lesson, other = make_user().id, make_lesson().id, make_user().id
    add_session(database, user, lesson, "'2026-03-01T12:00:00'", xp=30)
    add_session(database, user, lesson, "'2026-03-02T12:00:00'", xp=5, done=False)
    add_session(database, other, lesson, "'2026-03-02T12:00:00'", xp=1000)
    make_achievement("one", 7)
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
    database: str, ages: list[int], current: int, zone: str
) -> None:
    user, lesson = make_user().id, make_lesson().id
    for age in ages:
        noon = f"timezone('{zone}', now())::date - {age} + time '12:00'"
        noon = f"timezone('UTC', timezone('{zone}', {noon}))"
        add_session(database, user, lesson, noon)
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
    database: str, start: date, offsets: set[int], hour: int, zone: str
) -> None:
    user, lesson = make_user().id, make_lesson().id
    days = {start + timedelta(days=offset) for offset in offsets}
    for day in days:
        local = datetime(day.year, day.month, day.day, hour, 30, tzinfo=ZoneInfo(zone))
        moment = local.astimezone(UTC).replace(tzinfo=None).isoformat()
        for _ in range(2):
            add_session(database, user, lesson, f"'{moment}'")
    assert db.get_learner_summary(user, timezone=zone).longest_streak == longest_row(days)


def test_minutes_of_today_are_cut_at_the_learner_s_midnight(database: str) -> None:
    user, lesson = make_user().id, make_lesson().id
    zone = "Europe/Paris"
    midnight = f"timezone('UTC', timezone('{zone}', timezone('{zone}', now())::date::timestamp))"
    add_session(database, user, lesson, f"{midnight} + interval '7 min 59 s'", minutes=30)
    add_session(database, user, lesson, f"{midnight} - interval '1 min'", minutes=30)
    add_session(database, user, lesson, f"{midnight} + interval '2 min'", minutes=1, done=False)
    db.update_preferences(user, db.PreferenceChanges(learning_goal=7))
    summary = db.get_learner_summary(user, timezone=ZoneInfo(zone))
    assert (summary.minutes_today, summary.daily_goal, summary.is_goal_reached) == (7, 7, True)
    db.update_preferences(user, db.PreferenceChanges(learning_goal=8))
    assert not db.get_learner_summary(user).is_goal_reached


# -- the leaderboard --------------------------------------------------------------------------


def test_equal_xp_shares_a_rank(database: str) -> None:
    lesson = make_lesson().id
    users = {name: make_user(username=name).id for name in ("a", "b", "c", "d", "gone", "none")}
    for name, xp in (("a", 10), ("b", 30), ("c", 30), ("d", 5), ("gone", 99)):
        add_session(database, users[name], lesson, "'2026-03-01T12:00:00'", xp=xp)
    db.deactivate_user(users["gone"])
    make_achievement("one", 20)
    db.award_achievement(users["a"], "one")
    board = db.get_leaderboard("all", user_id=users["none"])
    assert [(entry.rank, entry.username, entry.xp) for entry in board.entries] == [
        (1, "a", 30),
        (1, "b", 30),
        (1, "c", 30),
        (4, "d", 5),
    ]
    assert board.own is not None
    assert (board.own.rank, board.own.username, board.own.xp) == (5, "none", 0)
    two = db.get_leaderboard("all", limit=2, user_id=users["d"])
    assert [entry.username for entry in two.entries] == ["a", "b"]
    assert two.own == db.LeaderboardEntry(
        rank=4, user_id=users["d"], username="d", profile_picture=None, xp=5
    )
    assert db.get_leaderboard("all").own is None
    with pytest.raises(db.NotFoundError):
        db.get_leaderboard(user_id=uuid4())
    with pytest.raises(db.InvalidInputError, match="period: must be one of day, week, month, all"):
        db.get_leaderboard("year")  # type: ignore[arg-type]


@pytest.mark.parametrize("period", ["day", "week", "month"])
@pytest.mark.parametrize("zone", ["Europe/Paris", "Pacific/Kiritimati"])
def test_a_period_begins_at_the_zone_s_midnight(database: str, period: Any, zone: str) -> None:
    lesson = make_lesson().id
    begin = (
        f"timezone('UTC', timezone('{zone}', date_trunc('{period}', timezone('{zone}', now()))))"
    )
    inside, before = make_user(username="inside").id, make_user(username="before").id
    add_session(database, inside, lesson, begin)
    add_session(database, before, lesson, f"{begin} - interval '1 ms'")
    make_achievement("one", 1)
    for user, at in ((inside, begin), (before, f"{begin} - interval '1 ms'")):
        db.award_achievement(user, "one")
        run_plain(
            database,
            f'UPDATE "UserAchievement" SET "achievedAt" = {at} WHERE "userId" = %s',
            (user,),
        )
    board = db.get_leaderboard(period, timezone=zone)
    assert [(entry.username, entry.xp) for entry in board.entries] == [("inside", 11)]
    assert len(db.get_leaderboard("all").entries) == 2


# -- awards -----------------------------------------------------------------------------------


def test_an_achievement_is_awarded_once(database: str) -> None:
    user, achievement = make_user().id, make_achievement("one", 5)
    first = db.award_achievement(user, "one")
    assert (first.is_new, first.achievement) == (True, achievement)
    again = db.award_achievement(user, achievement.id)
    assert again == first.model_copy(update={"is_new": False})
    (listed,) = db.list_user_achievements(user).items
    assert listed.model_dump() == {k: v for k, v in first.model_dump().items() if k != "isNew"}


def test_of_awards_at_once_one_is_new(database: str) -> None:
    make_achievement("one", 5)
    for _ in range(3):
        user = make_user().id
        barrier = threading.Barrier(4)
        awards: list[db.Award] = []

        def award(user: str, barrier: threading.Barrier, awards: list[db.Award]) -> None:
            barrier.wait()
            awards.append(db.award_achievement(user, "one"))

        arguments = (user, barrier, awards)
        threads = [threading.Thread(target=award, args=arguments) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(each.is_new for each in awards) == [False] * 3 + [True]
        assert len({each.id for each in awards}) == 1


def test_the_id_comes_before_a_name_that_looks_like_it(database: str) -> None:
    achievement = make_achievement("one", 5)
    make_achievement(achievement.id, 6)
    assert db.award_achievement(make_user().id, achievement.id).achievement == achievement
