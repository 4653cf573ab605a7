"""The leaderboard: ranks, periods, the learner's own entry."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

import triosigno_db as db
from tests.learning_rows import Clock, add_session
from tests.plain_sql import run_plain
from tests.repositories.gamification.day_model import Session
from tests.repositories.gamification.drawing import store_sessions
from triosigno_db.testing import IsolatedDatabase
from triosigno_db.testing.factories import make_achievement, make_lesson, make_user


def test_equal_xp_shares_a_rank(triosigno_db: IsolatedDatabase) -> None:
    lesson = make_lesson(signs=0).id
    users = {name: make_user(username=name).id for name in ("a", "b", "c", "d", "gone", "none")}
    for name, xp in (("a", 10), ("b", 30), ("c", 30), ("d", 5), ("gone", 99)):
        add_session(triosigno_db.url, users[name], lesson, "'2026-03-01T12:00:00'", xp=xp)
    db.deactivate_user(users["gone"])
    make_achievement(name="one", xp_reward=20)
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
def test_a_period_begins_at_the_zone_s_midnight(
    triosigno_db: IsolatedDatabase, period: Any, zone: str
) -> None:
    lesson = make_lesson(signs=0).id
    begin = (
        f"timezone('UTC', timezone('{zone}', date_trunc('{period}', timezone('{zone}', now()))))"
    )
    inside, before = make_user(username="inside").id, make_user(username="before").id
    add_session(triosigno_db.url, inside, lesson, begin)
    add_session(triosigno_db.url, before, lesson, f"{begin} - interval '1 ms'")
    make_achievement(name="one", xp_reward=1)
    for user, at in ((inside, begin), (before, f"{begin} - interval '1 ms'")):
        db.award_achievement(user, "one")
        run_plain(
            triosigno_db.url,
            f'UPDATE "UserAchievement" SET "achievedAt" = {at} WHERE "userId" = %s',
            (user,),
        )
    board = db.get_leaderboard(period, timezone=zone)
    assert [(entry.username, entry.xp) for entry in board.entries] == [("inside", 11)]
    assert len(db.get_leaderboard("all").entries) == 2


@pytest.mark.parametrize("period", ["day", "week", "month", "all"])
def test_what_lies_in_the_future_is_on_no_board(
    triosigno_db: IsolatedDatabase, period: Any
) -> None:
    user, other, lesson = make_user().id, make_user().id, make_lesson(signs=0).id
    now = "timezone('UTC', now())"
    for ahead in ("1 second", "1 hour", "40 days"):
        add_session(triosigno_db.url, user, lesson, f"{now} + interval '{ahead}'", xp=100)
    add_session(triosigno_db.url, user, lesson, "'infinity'", xp=100)
    make_achievement(name="one", xp_reward=50)
    db.award_achievement(user, "one")
    moved = f'UPDATE "UserAchievement" SET "achievedAt" = {now} + %s::interval'
    run_plain(triosigno_db.url, moved, ("1 minute",))
    board = db.get_leaderboard(period, user_id=user)
    assert (board.entries, board.own and board.own.xp) == ((), 0)
    add_session(triosigno_db.url, user, lesson, now, xp=1)
    add_session(triosigno_db.url, other, lesson, now, xp=2)
    run_plain(triosigno_db.url, moved, ("0",))
    board = db.get_leaderboard(period, user_id=other)
    assert [(entry.user_id, entry.xp) for entry in board.entries] == [(user, 51), (other, 2)]
    assert board.own == board.entries[1]


@pytest.mark.parametrize(
    ("zone", "now", "starts"),
    [
        ("Atlantic/Azores", "2026-10-25T12:00", "2026-10-25T00:00 2026-10-19T00:00"),
        ("America/Havana", "2026-11-01T12:00", "2026-11-01T04:00 2026-10-26T04:00"),
        ("Pacific/Apia", "2011-12-31T00:00", "2011-12-30T10:00 2011-12-26T10:00"),
        ("CET", "2026-07-01T12:00", "2026-06-30T22:00 2026-06-28T22:00"),
    ],
)
def test_a_period_starts_at_the_first_instant_of_its_first_day(
    clock: Clock, zone: str, now: str, starts: str
) -> None:
    user, lesson = make_user().id, make_lesson(signs=0).id
    clock.set(datetime.fromisoformat(now).replace(tzinfo=UTC))
    for period, start in zip(("day", "week"), starts.split(), strict=True):
        at = datetime.fromisoformat(start).replace(tzinfo=UTC)
        for end, xp in ((at, 10), (at - timedelta(milliseconds=1), 0)):
            store_sessions(clock.url, lesson, [Session(user, end - timedelta(hours=1), end)])
            board = db.get_leaderboard(period, timezone=zone, user_id=user)  # type: ignore[arg-type]
            assert board.own is not None
            assert board.own.xp == xp
