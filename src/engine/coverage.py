"""Which bars a request means, and what of it the prices cover."""

from datetime import date, timedelta

import numpy as np
from numpy.typing import NDArray

from engine.errors import RangeNotCovered
from engine.request import BacktestRequest
from engine.result import Coverage, Warned
from engine.series import Prices, Series
from engine.timeframes import day_end, day_start, session_days


def span(request: BacktestRequest, series: Series) -> tuple[int, int]:
    """Nanoseconds UTC from the first day's begin to the last day's end, exclusive, in the session's time zone."""
    zone = series.session_timezone
    return day_start(request.start_date, series.timeframe, zone), day_end(request.end_date, series.timeframe, zone)


def cut(request: BacktestRequest, prices: Prices, *, look_back: int) -> tuple[Prices, int]:
    """The prices of the range with up to look_back bars before it, and the row of the range's first bar.

    RangeNotCovered when no bar is in the range. Always cut: a run on more than it asked for would be another run.
    """
    start, end = (int(row) for row in np.searchsorted(prices.bars.time, span(request, prices.series)))
    if start == end:
        first_day, last_day = stored_days(prices.series)
        raise RangeNotCovered(
            prices.series.symbol,
            prices.series.timeframe,
            asked=(request.start_date.isoformat(), request.end_date.isoformat()),
            stored=(first_day.isoformat(), last_day.isoformat()),
        )
    begin = max(0, start - look_back)
    if (begin, end) == (0, len(prices.bars)):
        return prices, start
    return Prices(prices.series, prices.bars.between(begin, end)), start - begin


def cover(request: BacktestRequest, prices: Prices, *, first: int, look_back: int) -> tuple[Coverage, list[Warned]]:
    """What was covered, and what a reader must know before trusting the numbers."""
    series, bars = prices.series, prices.bars
    data_start, data_end = _days(bars.time[[first, -1]], series)
    coverage = Coverage(
        symbol=series.symbol,
        timeframe=series.timeframe,
        requested_start=request.start_date.isoformat(),
        requested_end=request.end_date.isoformat(),
        data_start=data_start.isoformat(),
        data_end=data_end.isoformat(),
        bars=len(bars) - first,
        complete=is_complete(request, series),
        close_only=series.close_only,
        adjusted=series.adjusted,
        source=series.source,
        version=series.version,
    )
    return coverage, _warnings(coverage, warm_up=first, look_back=look_back)


def is_complete(request: BacktestRequest, series: Series) -> bool:
    """Whether the series reaches from start to end. Weekends at its edges are no gap where the market is closed."""
    first_day, last_day = stored_days(series)
    if series.timeframe == "1w":
        last_day += timedelta(days=6)
    after_last, after_end = last_day + timedelta(days=1), request.end_date + timedelta(days=1)
    missing = [(request.start_date, first_day), (after_last, after_end)]
    return not any(_market_days(*gap, round_the_clock=series.round_the_clock) for gap in missing)


def stored_days(series: Series) -> tuple[date, date]:
    """The first and the last day of which there is a bar."""
    first, last = _days(np.array([series.first_time, series.last_time]), series)
    return first, last


def _market_days(begin: date, end: date, *, round_the_clock: bool) -> int:
    """Days from begin to before end on which there may be prices."""
    if end <= begin:
        return 0
    return (end - begin).days if round_the_clock else int(np.busday_count(begin, end))


def _days(times: NDArray[np.int64], series: Series) -> list[date]:
    days = session_days(times, series.timeframe, series.session_timezone)
    return [date(1970, 1, 1) + timedelta(days=int(day)) for day in days]


def _warnings(coverage: Coverage, *, warm_up: int, look_back: int) -> list[Warned]:
    said: list[Warned] = []
    if not coverage.complete:
        message = (
            f"Prices of {coverage.symbol} cover {coverage.data_start} to {coverage.data_end} of the requested "
            f"{coverage.requested_start} to {coverage.requested_end}; the result is for the covered part."
        )
        figures = {"dataStart": coverage.data_start, "dataEnd": coverage.data_end}
        said.append({"code": "PARTLY_COVERED", "message": message, "figures": figures})
    if coverage.close_only:
        message = (
            "Prices are closes only: every bar's open, high and low equal its close, so fills at the open are too."
        )
        said.append({"code": "CLOSE_ONLY", "message": message, "figures": {}})
    if warm_up < look_back:
        message = (
            f"Rules look back {look_back} bars and only {warm_up} exist before {coverage.data_start}; "
            "the first signals come later."
        )
        known: dict[str, str | int | float] = {
            "lookBack": look_back,
            "warmUp": warm_up,
            "dataStart": coverage.data_start,
        }
        said.append({"code": "SHORT_WARM_UP", "message": message, "figures": known})
    return said
