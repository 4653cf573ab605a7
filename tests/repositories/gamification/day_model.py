"""Days, streaks, minutes and boards in plain Python: `datetime` and `zoneinfo` alone."""

from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)


class Session(NamedTuple):
    """A learner's session, and the XP that it gave."""

    user: str
    start: datetime
    end: datetime
    xp: int = 10
    completed: bool = True


class DayModel:
    """The days of a time zone."""

    def __init__(self, name: str) -> None:
        self.zone = ZoneInfo(name)
        self._starts: dict[date, datetime] = {}

    def date_of(self, instant: datetime) -> date:
        """What a calendar on the wall shows."""
        return instant.astimezone(self.zone).date()

    def start_of(self, day: date) -> datetime:
        """The first instant of a date; of one that does not exist, that of the next."""
        if day not in self._starts:
            self._starts[day] = self._find_start(day)
        return self._starts[day]

    def _find_start(self, day: date) -> datetime:
        midnight = datetime.combine(day, time(), self.zone)
        # Of two midnights the one with `fold=0` is the first.
        found = midnight.astimezone(UTC)
        if found.astimezone(self.zone).replace(tzinfo=None) == midnight.replace(tzinfo=None):
            return found
        # It is skipped: the clocks went forward between these two.
        before = midnight.replace(fold=1).astimezone(UTC)
        while found - before > timedelta(seconds=1):
            middle = before + (found - before) // 2
            middle = middle.replace(microsecond=0)
            if self.date_of(middle) < day:
                before = middle
            else:
                found = middle
        return found

    def today(self, now: datetime) -> date:
        """The day that has started last."""
        day = self.date_of(now) + DAY
        while self.start_of(day) > now:
            day -= DAY
        return day

    def streaks(self, sessions: Iterable[Session], now: datetime) -> tuple[int, int]:
        """The current and the longest streak."""
        days = {self.date_of(each.end) for each in done(sessions, now)}
        longest = max((_streak_until(days, day) for day in days), default=0)
        today = self.today(now)
        return _streak_until(days, today) or _streak_until(days, today - DAY), longest

    def minutes(self, sessions: Iterable[Session], now: datetime) -> int:
        """The minutes of today in which at least one session went on."""
        start, spent = self.start_of(self.today(now)), timedelta()
        for each in sorted(done(sessions, now), key=lambda each: each.start):
            if each.end > max(start, each.start):
                spent += each.end - max(start, each.start)
                start = each.end
        return spent // timedelta(minutes=1)

    def board(self, sessions: Iterable[Session], now: datetime, period: str) -> dict[str, int]:
        """The XP of each learner in a period."""
        day, first = self.today(now), datetime.min.replace(tzinfo=UTC)
        if period != "all":
            days = {"day": day, "week": day - day.weekday() * DAY, "month": day.replace(day=1)}
            first = self.start_of(days[period])
        xp: Counter[str] = Counter()
        for each in done(sessions, now):
            if each.end >= first:
                xp[each.user] += each.xp
        return dict(xp)


def done(sessions: Iterable[Session], now: datetime) -> list[Session]:
    """The sessions that were completed by now."""
    return [each for each in sessions if each.completed and each.end <= now]


def _streak_until(days: set[date], last: date) -> int:
    length = 0
    while last - length * DAY in days:
        length += 1
    return length
