"""Days of a time zone, by Python's `zoneinfo`, as parameters of statements.

The server's own time zones are not used: its data may be older or newer than Python's, it does not
know all of Python's names, and it reads CET, MET, EET and WET as fixed offsets.

A day starts at the first instant of its date, and ends where the next one starts. A date that does
not exist in a time zone is a day without length.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from triosigno_db.database.connection import Row
from triosigno_db.database.execution import fetch_all
from triosigno_db.database.statements import Statement
from triosigno_db.errors import TrioSignoDBError

DEFAULT_TIMEZONE = "Europe/Paris"

_EPOCH = date(1970, 1, 1)
_DAY = 86_400
# Since 1970 no zone has changed its offset twice within less than 6 days.
_STEP = 6 * _DAY
# How far the clocks of this machine and the server may differ without a second round trip.
_DAYS_AROUND = 3
# In this time some 80 different sequences of offsets occur, in all time 350.
_RECENT_YEARS = 10


class Offsets(NamedTuple):
    """The UTC offsets of a time zone, in seconds.

    Attributes:
        transitions: The times at which the offset changed, ascending, in seconds since 1970 in UTC.
        seconds: The offset before the first of them, and the offset since each of them.
    """

    transitions: tuple[int, ...]
    seconds: tuple[int, ...]

    def between(self, start: float, end: float) -> "Offsets":
        """Select the offsets of a period.

        Args:
            start: The start of the period, in seconds since 1970 in UTC.
            end: The end of the period.

        Returns:
            The offset at the start, and those since each transition up to the end.
        """
        first, last = (bisect_right(self.transitions, time) for time in (start, end))
        return Offsets(self.transitions[first:last], self.seconds[first : last + 1])

    def first_instant(self, day: date) -> int:
        """Find the start of a day.

        Args:
            day: The date.

        Returns:
            The first instant at which the local date is `day` or a later one, in seconds since
            1970 in UTC.
        """
        midnight = _seconds(day)
        # Offsets are shorter than a day, so earlier transitions don't matter.
        first = bisect_right(self.transitions, midnight - _DAY)
        start = midnight - self.seconds[first]
        for place in range(first, len(self.transitions)):
            if start < self.transitions[place]:
                break
            start = max(self.transitions[place], midnight - self.seconds[place + 1])
        return start

    def arrays(self) -> dict[str, str]:
        """Write both as arrays in SQL.

        Returns:
            The `transitions` as timestamps in UTC, and the `offsets` in seconds.
        """
        return {
            "transitions": _timestamps(self.transitions),
            "offsets": _array(map(str, self.seconds)),
        }


class Calendar(NamedTuple):
    """Some days of a time zone, with the offsets of the time before them.

    Attributes:
        offsets: The offsets, without those that ended before `since`.
        since: The time from which the offsets are known, in seconds since 1970 in UTC.
        start: The start of the first day.
        end: The start of the last day.
        parameters: The days and the offsets as parameters of statements: the dates from `first_day`
            on; for each of them the first instant of the day, of its week from Monday and of its
            month; and the offsets with their transitions.
    """

    offsets: Offsets
    since: float
    start: int
    end: int
    parameters: dict[str, str]

    @property
    def is_recent(self) -> bool:
        """Whether the offsets are those of the last years alone."""
        return self.since > -math.inf

    def covers(self, now: float, earliest: float | None) -> bool:
        """Return whether statements can find the days of two times.

        Args:
            now: The time of the server, in seconds since 1970 in UTC.
            earliest: The earliest time whose date is needed, or `None`.

        Returns:
            `False` if the days around `now` or the offset at `earliest` were not sent.
        """
        return self.start <= now < self.end and (earliest is None or self.since <= earliest)


@lru_cache(maxsize=1024)
def offsets_of(timezone: str, end_year: int) -> Offsets:
    """Find the UTC offsets of a time zone since 1970.

    Args:
        timezone: The name of the time zone.
        end_year: The year before which to find them.

    Returns:
        The offsets; the first one stands for all times before 1970 as well.
    """
    zone = ZoneInfo(timezone)
    transitions: list[int] = []
    offsets = [_offset(zone, 0)]
    for time in range(0, _seconds(date(end_year, 1, 1)), _STEP):
        offset = _offset(zone, time + _STEP)
        if offset != offsets[-1]:
            transitions.append(_transition(zone, time, time + _STEP))
            offsets.append(offset)
    return Offsets(tuple(transitions), tuple(each // timedelta(seconds=1) for each in offsets))


@lru_cache(maxsize=1024)
def calendar_around(timezone: str, day: date, *, recent: bool) -> Calendar:
    """Find the days of a time zone around a date.

    Args:
        timezone: The name of the time zone.
        day: The date in UTC.
        recent: Whether the offsets of the last years are enough.

    Returns:
        The days from three days before it to three days after it.
    """
    days = [day + timedelta(days=n) for n in range(-_DAYS_AROUND, _DAYS_AROUND + 1)]
    # Finding the offsets takes milliseconds, so it is done for a whole century at once.
    offsets = offsets_of(timezone, (max(2000, days[-1].year) // 100 + 1) * 100)
    starts = [offsets.first_instant(each) for each in days]
    since = _seconds(date(day.year - _RECENT_YEARS, 1, 1)) if recent else -math.inf
    # Whole years, so that the offsets are the same on all days of a year.
    known = offsets.between(since, _seconds(date(day.year + 2, 1, 1)))
    mondays = (each - timedelta(days=each.weekday()) for each in days)
    firsts = (each.replace(day=1) for each in days)
    parameters = {
        "first_day": days[0].isoformat(),
        "day_starts": _timestamps(starts),
        "week_starts": _timestamps(map(offsets.first_instant, mondays)),
        "month_starts": _timestamps(map(offsets.first_instant, firsts)),
        **known.arrays(),
    }
    return Calendar(known, since, starts[0], starts[-1], parameters)


def fetch_by_days(
    choose: Callable[[Calendar], Statement], timezone: str, **parameters: Any
) -> list[Row]:
    """Run a statement whose result depends on days, by the clock of the server.

    It is sent the days around the current one, by the clock of this machine, and the offsets of the
    last years. It returns two more columns before its own: the time of the server, and the earliest
    time whose date it needed or NULL. If they are not covered, it is sent again with what covers
    them.

    Args:
        choose: Returns the statement for a calendar.
        timezone: The name of the time zone.
        **parameters: The values of its other parameters.

    Returns:
        The rows without those two columns.

    Raises:
        TrioSignoDBError: The clock of the server moved by days between the two round trips.
    """
    calendar = calendar_around(timezone, datetime.now(UTC).date(), recent=True)
    for _ in range(2):
        rows = fetch_all(choose(calendar), **parameters, **calendar.parameters)
        if not rows or calendar.covers(*rows[0][:2]):
            return [row[2:] for row in rows]
        today = datetime.fromtimestamp(rows[0][0], UTC).date()
        calendar = calendar_around(timezone, today, recent=False)
    raise TrioSignoDBError("The clock of the server moved by days within a call.")


def _offset(zone: ZoneInfo, time: int) -> timedelta:
    return datetime.fromtimestamp(time, zone).utcoffset() or timedelta()


def _transition(zone: ZoneInfo, start: int, end: int) -> int:
    """Find when the offset changed between two times."""
    before = _offset(zone, start)
    while end - start > 1:
        middle = (start + end) // 2
        if _offset(zone, middle) == before:
            start = middle
        else:
            end = middle
    return end


def _seconds(day: date) -> int:
    return (day - _EPOCH).days * _DAY


def _timestamps(times: Iterable[int]) -> str:
    return _array(datetime.fromtimestamp(t, UTC).replace(tzinfo=None).isoformat() for t in times)


def _array(values: Iterable[str]) -> str:
    return f"{{{','.join(values)}}}"
