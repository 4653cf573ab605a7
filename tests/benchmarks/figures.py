"""What callers that call at once have seen, whoever drove them."""

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple


class Load(NamedTuple):
    """What each of several callers did in the same time.

    Attributes:
        times: The seconds of each call, one list for each caller.
        elapsed: The seconds from the first call's start to the last one's end.
        errors: How many calls raised an error; they are not among the times.
        processor: The seconds that this process spent on a processor meanwhile; 0 where others
            called.
    """

    times: Sequence[Sequence[float]]
    elapsed: float
    errors: int = 0
    processor: float = 0.0

    @property
    def counts(self) -> list[int]:
        """The calls of each caller, the fewest first."""
        return sorted(len(each) for each in self.times)

    @property
    def rate(self) -> float:
        """Calls a second, of all callers together."""
        return sum(self.counts) / self.elapsed

    @property
    def slowest_share(self) -> float:
        """What the caller with the fewest calls did, as a part of what others did.

        Others are the median caller or the mean one, whichever did more: where most of them starve,
        the median is one of those that do.
        """
        others = max(statistics.median(self.counts), statistics.mean(self.counts))
        return self.counts[0] / others if others else 1.0

    def milliseconds(self, *percents: int) -> list[float]:
        """The percentiles of all calls; where every call failed there are none."""
        times = sorted(time for each in self.times for time in each)
        if not times:
            return [math.nan for _ in percents]
        places = [min(len(times) * percent // 100, len(times) - 1) for percent in percents]
        return [times[place] * 1000 for place in places]
