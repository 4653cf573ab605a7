"""Instants and sessions drawn at random, many of them where the days of time zones are special."""

import random
from datetime import UTC, datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo, available_timezones

from tests.learning_rows import add_rows
from tests.plain_sql import run_plain
from tests.repositories.gamification.day_model import Session

SEED = 20_261_025
END_YEAR = 2100

SPECIAL = (
    "2026-10-25T00:00",  # Atlantic/Azores: two midnights
    "2026-11-01T04:00",  # America/Havana: two midnights
    "2026-03-08T05:00",  # America/Havana: no midnight
    "2018-11-04T03:00",  # America/Sao_Paulo: no midnight
    "2018-02-18T02:00",  # America/Sao_Paulo: the clocks go back from midnight
    "2010-11-07T02:30",  # America/St_Johns: the clocks go back a minute after midnight
    "2011-12-30T10:00",  # Pacific/Apia: a date does not exist
    "1994-12-31T10:00",  # Pacific/Kiritimati: a date does not exist
    "2026-03-29T01:00",  # Europe/Paris
    "2026-10-25T01:00",  # Europe/Paris
)
AROUND = [timedelta(seconds=n) for n in (-86_400, -3600, -60, -1, 0, 1, 30, 1800, 3600, 43_200)]


def draw_instants(count: int, seed: int = SEED) -> list[datetime]:
    """Draw instants: a third each around special ones, around transitions, and anywhere."""
    choice = random.Random(seed)
    zones = [ZoneInfo(name) for name in sorted(available_timezones())]
    drawn = []
    for number in range(count):
        kind = number % 3
        if kind == 0:
            instant = datetime.fromisoformat(SPECIAL[number // 3 % len(SPECIAL)])
            instant = instant.replace(tzinfo=UTC) + choice.choice(AROUND)
        elif kind == 1:
            instant = _transition(choice, zones) + choice.choice(AROUND)
        else:
            instant = _any_instant(choice)
        drawn.append(instant)
    return drawn


def _any_instant(choice: random.Random) -> datetime:
    days = choice.uniform(0, 365.25 * (END_YEAR - 1972))
    instant = datetime(1971, 1, 1, tzinfo=UTC) + timedelta(days=days)
    return instant.replace(microsecond=instant.microsecond // 1000 * 1000)


def _transition(choice: random.Random, zones: list[ZoneInfo]) -> datetime:
    """Find when the offset of a zone changed: a day on which it did, then the minute."""
    while True:
        zone, start = choice.choice(zones), _any_instant(choice).replace(second=0, microsecond=0)
        for day in range(400):
            before = start + timedelta(days=day)
            if zone.utcoffset(before.astimezone(zone)) == zone.utcoffset(
                (before + timedelta(days=1)).astimezone(zone)
            ):
                continue
            offset = before.astimezone(zone).utcoffset()
            while before.astimezone(zone).utcoffset() == offset:
                before += timedelta(minutes=1)
            return before


def draw_sessions(choice: random.Random, users: list[str], now: datetime) -> list[Session]:
    """Draw sessions before and after an instant: short and long, overlapping, reversed, open."""
    sessions = []
    for _ in range(40):
        end = now - choice.choice(
            [
                timedelta(hours=choice.uniform(0, 30)),
                timedelta(days=choice.randint(0, 9), minutes=choice.choice([-1, 0, 1, 30])),
                timedelta(days=choice.uniform(0, 40)),
                timedelta(milliseconds=choice.choice([-1, 0, 1])),
                timedelta(hours=choice.uniform(-30, 0)),
            ]
        )
        start = end - timedelta(minutes=choice.choice([-5, 0, 0.5, 10, 10, 45, 3000]))
        sessions.append(
            Session(
                choice.choice(users),
                *(at.replace(microsecond=at.microsecond // 1000 * 1000) for at in (start, end)),
                xp=choice.randint(0, 50),
                completed=choice.random() < 0.9,
            )
        )
    return sessions


def store_sessions(url: str, lesson: str, sessions: list[Session]) -> None:
    """Store these sessions and no others."""
    run_plain(url, 'DELETE FROM "LearningSession"')
    rows = (
        {
            "id": str(uuid4()),
            "userId": each.user,
            "lessonId": lesson,
            "startTime": each.start,
            "endTime": each.end,
            "xpEarned": each.xp,
            "completed": each.completed,
        }
        for each in sessions
    )
    add_rows(url, "LearningSession", *rows)


def allow_reversed_sessions(url: str) -> None:
    """Take any end of a session, as databases do whose rows are older than the constraint."""
    run_plain(url, 'ALTER TABLE "LearningSession" DROP CONSTRAINT "LearningSession_endTime_check"')
