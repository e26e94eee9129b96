"""Coarser bars made of finer ones: the first open, the highest high, the lowest low, the last close, all the volume.

Intraday bars are counted from midnight of the session's time zone (a market that never closes: of UTC), days are the
session's, weeks begin on Monday. A bar of which only a part is stored is made of that part.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from engine.bars import Bars
from engine.series import Series
from engine.timeframes import DAY, TIMEFRAMES, day_end, day_start, is_intraday, session_days

#: Bars of sessions are this much rarer than the clock says: hours of the day, days of the week, holidays.
_SPREAD_OF_HOURS, _SPREAD_OF_DAYS = 8, 2
_MONDAY = 4  # 1970-01-01 was a Thursday: day 4 was the first Monday.


def finest_fit(listed: list[Series], symbol: str, timeframe: str) -> Series | None:
    """The coarsest stored series of the symbol that is finer than what is asked for."""
    fits = [one for one in listed if one.symbol == symbol and TIMEFRAMES[one.timeframe] < TIMEFRAMES[timeframe]]
    return max(fits, key=lambda one: TIMEFRAMES[one.timeframe], default=None)


def coarser(series: Series, timeframe: str) -> Series:
    """What the series will be in that timeframe. bars counts those of the finer one."""
    ends = np.array([series.first_time, series.last_time])
    first, last = _stamps(ends, series, timeframe).tolist()
    source = f"{series.source}; resampled from {series.timeframe}"
    return replace(series, timeframe=timeframe, first_time=first, last_time=last, source=source)


def reach(fine: Series, coarse: Series, span: tuple[int, int], look_back: int) -> tuple[int, int]:
    """Which finer bars hold the coarser ones of that span and look_back bars before it. Nanoseconds UTC, end exclusive.

    Whole weeks, so that no bar at either end is made of a part of what is stored.
    """
    spread = _SPREAD_OF_HOURS if is_intraday(coarse.timeframe) and not coarse.round_the_clock else _SPREAD_OF_DAYS
    start, end = span
    days = session_days(
        np.array([max(0, start - look_back * spread * TIMEFRAMES[coarse.timeframe]), end - 1]),
        coarse.timeframe,
        coarse.session_timezone,
    )
    first, last = (_monday(days) + np.array([0, 6])).tolist()
    zone = fine.session_timezone
    return day_start(_date(first), fine.timeframe, zone), day_end(_date(last), fine.timeframe, zone)


def resample(bars: Bars, series: Series, timeframe: str) -> Bars:
    """The bars of that timeframe. series: of the finer bars."""
    if len(bars) == 0:
        return bars
    stamps = _stamps(bars.time, series, timeframe)
    begins = np.flatnonzero(np.concatenate(([True], stamps[1:] != stamps[:-1])))
    ends = np.append(begins[1:], len(bars)) - 1
    aggregate: dict[str, Callable[[], NDArray[np.float64]]] = {
        "open": lambda: bars.open[begins],
        "high": lambda: np.maximum.reduceat(bars.high, begins),
        "low": lambda: np.minimum.reduceat(bars.low, begins),
        "close": lambda: bars.close[ends],
        "volume": lambda: np.add.reduceat(bars.volume, begins),
    }
    return Bars(stamps[begins], *(make() for make in aggregate.values()))


def _stamps(times: NDArray[np.int64], series: Series, timeframe: str) -> NDArray[np.int64]:
    """At which each bar's coarser bar is stamped. times: (n,) ascending."""
    zone, length = series.session_timezone, TIMEFRAMES[timeframe]
    days = session_days(times, series.timeframe, zone)
    if timeframe == "1w":
        return np.asarray(_monday(days) * DAY)
    if timeframe == "1d":
        return np.asarray(days * DAY)
    met, which = np.unique(days, return_inverse=True)
    begins = np.array([day_start(_date(day), series.timeframe, zone) for day in met.tolist()])[which]
    return np.asarray(begins + (times - begins) // length * length)


def _monday(days: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.asarray((days - _MONDAY) // 7 * 7 + _MONDAY)


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=day)
