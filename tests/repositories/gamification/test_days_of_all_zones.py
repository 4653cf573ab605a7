"""The summary and the leaderboard by the days of all time zones, against a plain-Python model."""

import random
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import available_timezones

import pytest

import triosigno_db as db
from tests.learning_rows import Clock
from tests.repositories.gamification.day_model import DayModel, Session
from tests.repositories.gamification.drawing import (
    SEED,
    allow_reversed_sessions,
    draw_instants,
    draw_sessions,
    store_sessions,
)
from triosigno_db.repositories.gamification.days import calendar_around
from triosigno_db.testing.factories import make_lesson, make_user

PERIODS: tuple[Any, ...] = ("day", "week", "month")

model_of = cache(DayModel)


class Answer(NamedTuple):
    streaks: tuple[int, int]
    minutes: int
    board: dict[str, int]


def read(user: str, zone: str, period: Any) -> Answer:
    summary = db.get_learner_summary(user, timezone=zone)
    board = db.get_leaderboard(period, timezone=zone).entries
    return Answer(
        (summary.current_streak, summary.longest_streak),
        summary.minutes_today,
        {entry.user_id: entry.xp for entry in board},
    )


def expect(user: str, zone: str, period: str, sessions: list[Session], now: datetime) -> Answer:
    model, own = model_of(zone), [each for each in sessions if each.user == user]
    board = model.board(sessions, now, period)
    return Answer(
        model.streaks(own, now),
        model.minutes(own, now),
        {who: xp for who, xp in board.items() if xp},
    )


@pytest.mark.parametrize("count", [2, pytest.param(200, marks=pytest.mark.slow)])
def test_all_zones_agree_with_the_model(clock: Clock, count: int) -> None:
    print(f"seed {SEED}")
    choice = random.Random(SEED)
    users, lesson = [make_user().id for _ in range(3)], make_lesson(signs=0).id
    allow_reversed_sessions(clock.url)
    for now in draw_instants(count):
        clock.set(now)
        period = choice.choice(PERIODS)
        sessions = draw_sessions(choice, users, now)
        store_sessions(clock.url, lesson, sessions)
        # Of these sessions' time the server sees no more of a zone than these.
        answers: dict[str, Answer] = {}
        for zone in sorted(available_timezones()):
            sent = str(calendar_around(zone, now.date(), recent=True).parameters)
            if sent not in answers:
                answers[sent] = read(users[0], zone, period)
            expected = expect(users[0], zone, period, sessions, now)
            assert answers[sent] == expected, (zone, period, now, SEED)
        xp = sum(each.xp for each in sessions if each.completed and each.end <= now)
        assert sum(entry.xp for entry in db.get_leaderboard("all").entries) == xp
