"""The leaderboard: ranks, periods, the learner's own entry."""

from typing import Any
from uuid import uuid4

import pytest

import triosigno_db as db
from tests.learning_rows import add_session
from tests.plain_sql import run_plain
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
