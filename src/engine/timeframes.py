"""Timeframes, and where a session's days begin and end.

A bar's time is its open. Bars of a day or a week carry midnight UTC of the session's date, whatever its time zone.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

SECOND = 1_000_000_000
DAY = 86_400 * SECOND
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

#: Length of a bar in nanoseconds.
TIMEFRAMES = {
    "1m": 60 * SECOND,
    "5m": 300 * SECOND,
    "15m": 900 * SECOND,
    "30m": 1_800 * SECOND,
    "1h": 3_600 * SECOND,
    "4h": 14_400 * SECOND,
    "1d": DAY,
    "1w": 7 * DAY,
}


def up_to(timeframe: str) -> list[str]:
    """The timeframe and those it can be made of."""
    return [name for name, length in TIMEFRAMES.items() if length <= TIMEFRAMES[timeframe]]


def is_intraday(timeframe: str) -> bool:
    return TIMEFRAMES[timeframe] < DAY


def annualization_factor(timeframe: str, *, round_the_clock: bool) -> int:
    """Returns a year: one per week, per calendar day of a market that never closes, or per session."""
    if timeframe == "1w":
        return 52
    return 365 if round_the_clock else 252


def day_start(day: date, timeframe: str, timezone: str) -> int:
    """Nanoseconds UTC at which the session's day begins: no bar of that day opens earlier."""
    zone = ZoneInfo(timezone if is_intraday(timeframe) else "UTC")
    begin = datetime.combine(day, time(), zone)
    return round(begin.timestamp()) * SECOND


def day_end(day: date, timeframe: str, timezone: str) -> int:
    """Nanoseconds UTC at which the session's day is over: exclusive."""
    return day_start(day + timedelta(days=1), timeframe, timezone)


def session_days(times: NDArray[np.int64], timeframe: str, timezone: str) -> NDArray[np.int64]:
    """Days since 1970 of the session each bar belongs to. times: (n,) nanoseconds UTC, ascending. Returns (n,)."""
    if not is_intraday(timeframe) or len(times) == 0:
        return times // DAY
    # A clock is at most a day off UTC.
    first, last = int(times[0]) // DAY - 1, int(times[-1]) // DAY + 1
    begins = _day_begins(first, last + 1, timezone)
    bars = np.diff(np.searchsorted(times, begins))
    return np.repeat(np.arange(first, last + 1), bars)


@lru_cache(maxsize=32)
def _day_begins(first: int, last: int, timezone: str) -> NDArray[np.int64]:
    """Nanoseconds UTC at which the days from first to last begin in that time zone."""
    if timezone == "UTC":
        return np.arange(first, last + 1) * DAY
    zone = ZoneInfo(timezone)
    midnights = (datetime(1970, 1, 1, tzinfo=zone) + timedelta(days=day) for day in range(first, last + 1))
    return np.array([round(midnight.timestamp()) for midnight in midnights]) * SECOND


def nanoseconds(moment: datetime) -> int:
    """An aware datetime as nanoseconds UTC, exact to its microsecond."""
    return (moment - EPOCH) // timedelta(microseconds=1) * 1_000


def moment(time_ns: int) -> datetime:
    """Nanoseconds UTC as an aware datetime; what is below a microsecond is cut off."""
    return EPOCH + timedelta(microseconds=time_ns // 1_000)


def iso_day(time_ns: int) -> str:
    return moment(time_ns).date().isoformat()


def iso_time(time_ns: int) -> str:
    return moment(time_ns).isoformat().removesuffix("+00:00") + "Z"
