"""Where a series has holes. Holidays are not known here, so what may be one is not called a gap."""

from dataclasses import dataclass

import numpy as np

from engine.bars import Bars
from engine.series import Series
from engine.timeframes import TIMEFRAMES, iso_time, session_days

#: No exchange of today closes for longer at a holiday; longer closings are worth a look.
HOLIDAY_WEEKDAYS = 4


@dataclass(frozen=True, slots=True)
class Gap:
    """after, before: nanoseconds UTC of the bars on its two sides. missing: bars, or weekdays where sessions close."""

    after: int
    before: int
    missing: int

    def to_json(self) -> dict[str, str | int]:
        return {"after": iso_time(self.after), "before": iso_time(self.before), "missing": self.missing}


def gaps(series: Series, bars: Bars) -> list[Gap]:
    """In order of time. Round the clock: every bar that is not there; else closings of more than four weekdays."""
    if series.round_the_clock or series.timeframe == "1w":
        missing = np.diff(bars.time) // TIMEFRAMES[series.timeframe] - 1
        rows = np.flatnonzero(missing > 0)
    else:
        days = session_days(bars.time, series.timeframe, series.session_timezone).astype("datetime64[D]")
        missing = np.busday_count(days[:-1] + np.timedelta64(1, "D"), days[1:])
        rows = np.flatnonzero(missing > HOLIDAY_WEEKDAYS)
    return [Gap(int(bars.time[row]), int(bars.time[row + 1]), int(missing[row])) for row in rows]
