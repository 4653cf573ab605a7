"""The days of time zones, as `zoneinfo` knows them."""

import random
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest

import triosigno_db as db
from tests.learning_rows import Clock
from tests.plain_sql import run_plain
from tests.repositories.gamification.day_model import DayModel, Session
from tests.repositories.gamification.drawing import END_YEAR, draw_instants, store_sessions
from triosigno_db.repositories.gamification.days import calendar_around, offsets_of
from triosigno_db.testing import counting_statements
from triosigno_db.testing.factories import make_lesson, make_user

HOUR = timedelta(hours=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def first_instant(zone: str, day: str) -> datetime:
    seconds = offsets_of(zone, 2100).first_instant(date.fromisoformat(day))
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        ("Europe/Paris", "2026-07-01", "2026-06-30T22:00"),
        ("Europe/Paris", "2026-12-01", "2026-11-30T23:00"),
        # Clocks go back from 1:00 to 0:00: the day has two midnights.
        ("Atlantic/Azores", "2026-10-25", "2026-10-25T00:00"),
        ("Atlantic/Azores", "2026-10-26", "2026-10-26T01:00"),
        ("America/Havana", "2026-11-01", "2026-11-01T04:00"),
        ("America/Havana", "2026-11-02", "2026-11-02T05:00"),
        # Clocks go forward from 0:00 to 1:00: the day has no midnight.
        ("America/Havana", "2026-03-08", "2026-03-08T05:00"),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00"),
        # Clocks went back from 0:00 to 23:00, and from 0:01 to 23:01.
        ("America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00"),
        ("America/St_Johns", "2010-11-07", "2010-11-07T02:30"),
        # A date that did not exist, and the next one.
        ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00"),
        ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00"),
        ("Pacific/Kiritimati", "1994-12-31", "1994-12-31T10:00"),
        ("CET", "2026-07-01", "2026-06-30T22:00"),
    ],
)
def test_a_day_starts_at_its_first_instant(zone: str, day: str, start: str) -> None:
    assert (
        first_instant(zone, day) == utc(start) == DayModel(zone).start_of(date.fromisoformat(day))
    )


@pytest.mark.parametrize("count", [3, pytest.param(200, marks=pytest.mark.slow)])
def test_the_offsets_and_days_of_all_zones_are_those_of_zoneinfo(count: int) -> None:
    instants = draw_instants(count)
    for name in available_timezones():
        zone, model, offsets = ZoneInfo(name), DayModel(name), offsets_of(name, END_YEAR)
        for instant in instants:
            known = offsets.between(instant.timestamp(), instant.timestamp())
            offset = timedelta(seconds=known.seconds[0])
            assert known.transitions == ()
            assert offset == instant.astimezone(zone).utcoffset(), (name, instant)
            day = model.date_of(instant)
            start = datetime.fromtimestamp(offsets.first_instant(day), UTC)
            assert start == model.start_of(day), (name, day)


def test_the_first_instant_of_any_date_is_the_first() -> None:
    choice = random.Random(7)
    for name in choice.sample(sorted(available_timezones()), 30):
        zone, offsets = ZoneInfo(name), offsets_of(name, END_YEAR)
        day = date(1970, 2, 1) + timedelta(days=choice.randint(0, 40_000))
        start = offsets.first_instant(day)
        around = range(start - 100_000, start + 100_000, 300)
        dates = {time: datetime.fromtimestamp(time, zone).date() for time in around}
        assert all(found < day for time, found in dates.items() if time < start), (name, day)
        assert datetime.fromtimestamp(start, zone).date() >= day


@pytest.mark.parametrize("name", ["Europe/Paris", "Pacific/Apia", "Africa/Casablanca"])
def test_a_calendar_sends_the_offsets_that_may_matter(name: str) -> None:
    recent, whole = (
        calendar_around(name, date(2026, 10, 25), recent=recent) for recent in (True, False)
    )
    assert recent.since == utc("2016-01-01").timestamp()
    assert len(recent.parameters["transitions"]) < len(whole.parameters["transitions"])
    for each in (recent, whole):
        count = each.parameters["transitions"].count("T")
        assert len(each.parameters["offsets"].split(",")) == count + 1
    now = utc("2026-10-25T12:00").timestamp()
    assert recent.covers(now, None)
    assert recent.covers(now, recent.since)
    assert not recent.covers(now, recent.since - 1)
    assert whole.covers(now, float("-inf"))
    for days in (-5, 5):
        assert not whole.covers(now + days * 86_400, None)


@pytest.mark.slow
def test_zones_share_the_offsets_of_recent_years() -> None:
    # Each sequence of offsets is a prepared statement of its own.
    day = date(2026, 10, 25)
    names = available_timezones()
    different = {calendar_around(name, day, recent=True).offsets for name in names}
    assert len(different) < len(names) / 5
    assert different == {
        calendar_around(name, date(2026, 1, 1), recent=True).offsets for name in names
    }


# -- clocks that differ -----------------------------------------------------------------------


@pytest.mark.parametrize("now", ["1999-12-31T23:30", "2026-10-25T00:30", "2101-05-05T05:05"])
def test_the_clock_of_the_server_decides_what_is_today(clock: Clock, now: str) -> None:
    user, lesson = make_user().id, make_lesson(signs=0).id
    at = clock.set(utc(now))
    store_sessions(clock.url, lesson, [Session(user, at - timedelta(minutes=5), at)])
    with counting_statements() as counter:
        summary = db.get_learner_summary(user)
    assert (summary.minutes_today, summary.current_streak) == (5, 1)
    assert counter.names == ["select_learner_summary", "select_learner_summary_of_all_time"]
    with counting_statements() as counter:
        assert len(db.get_leaderboard("day").entries) == 1
    assert counter.names == ["select_leaderboard"] * 2
    clock.set(at + timedelta(days=2))
    assert db.get_learner_summary(user).current_streak == 0
    assert db.get_leaderboard("day", user_id=user).entries == ()


def test_clocks_that_differ_by_a_day_cost_nothing(clock: Clock) -> None:
    user = make_user().id
    for days in (-1, 0, 1):
        clock.set(datetime.now(UTC) + timedelta(days=days))
        with counting_statements() as counter:
            db.get_learner_summary(user, timezone="Pacific/Kiritimati")
            db.get_leaderboard("week", timezone="Pacific/Midway")
        assert len(counter) == 2


def test_a_clock_that_jumps_is_reported(clock: Clock) -> None:
    user = make_user().id
    run_plain(
        clock.url,
        "CREATE SEQUENCE calls; CREATE OR REPLACE FUNCTION public.now() RETURNS timestamptz"
        " VOLATILE LANGUAGE sql AS $$"
        " SELECT timestamptz '2026-01-01' + nextval('calls') * interval '1 month' $$",
    )
    with pytest.raises(db.TrioSignoDBError, match="clock of the server moved by days"):
        db.get_learner_summary(user)
    with pytest.raises(db.TrioSignoDBError, match="clock of the server moved by days"):
        db.get_leaderboard("day")


def test_old_sessions_count_by_the_offsets_of_their_time(clock: Clock) -> None:
    user, lesson = make_user().id, make_lesson(signs=0).id
    clock.set(datetime.now(UTC))
    # In 1975 there was summer time in Spain, and none in France.
    ends = [utc("1975-07-01T22:30"), utc("1975-07-01T23:15")]
    store_sessions(clock.url, lesson, [Session(user, end - HOUR, end) for end in ends])
    with counting_statements() as counter:
        assert db.get_learner_summary(user).longest_streak == 2
    assert len(counter) == 2
    assert db.get_learner_summary(user, timezone="Europe/Madrid").longest_streak == 1


def test_no_row_is_repeated_for_a_user_that_does_not_exist(clock: Clock) -> None:
    clock.set(utc("1999-12-31T23:30"))
    with counting_statements() as counter, pytest.raises(db.NotFoundError):
        db.get_learner_summary("nobody")
    assert len(counter) == 1
