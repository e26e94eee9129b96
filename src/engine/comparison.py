"""A run beside something else: a benchmark's prices, or itself before and after a day."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.measure import Course, measure
from engine.metrics import SECONDS_A_YEAR, Measured
from engine.series import Prices
from engine.timeframes import SECOND, TIMEFRAMES, day_start


@dataclass(frozen=True, slots=True)
class Benchmark:
    """symbol's closes at the bars of a run, (n,), and its price when the run began."""

    symbol: str
    closes: NDArray[np.float64]
    base: float

    @property
    def total_return(self) -> float:
        return float(self.closes[-1] / self.base - 1)


def align(benchmark: Prices, time: NDArray[np.int64]) -> Benchmark | None:
    """The latest close known at each bar of a run; None where the benchmark begins after the run does.

    Markets have different holidays, so a bar without one of its own keeps the close before.
    """
    bars = benchmark.bars
    rows = np.searchsorted(bars.time, time, side="right") - 1
    if rows[0] < 0:
        return None
    first = int(rows[0])
    base = bars.open[0] if first == 0 else bars.close[first - 1]
    return Benchmark(benchmark.series.symbol, bars.close[rows], float(base))


@dataclass(frozen=True, slots=True)
class Split:
    """Metrics up to a day, and from it on."""

    day: date
    before: Measured
    after: Measured

    def to_json(self) -> dict[str, Any]:
        return {
            "from": self.day.isoformat(),
            "inSample": {"metrics": self.before.metrics, "metricNotes": self.before.notes},
            "outOfSample": {"metrics": self.after.metrics, "metricNotes": self.after.notes},
        }


def split(course: Course, day: date, time: NDArray[np.int64], prices: Prices) -> Split | None:
    """Both parts measured as runs of their own; None where one has no bars, or nothing was left for the second.

    A trade belongs to the part in which it ends. The first part does not know how one that is open then will end.
    """
    series = prices.series
    row = int(np.searchsorted(time, day_start(day, series.timeframe, series.session_timezone)))
    if not 0 < row < len(time) or not course.equity[row - 1] > 0:
        return None
    ruined = course.ruined_at
    trades = course.trades
    ended_before = (trades["exit"] >= 0) & (trades["exit"] < row)
    before = replace(
        _part(course, slice(0, row), time, TIMEFRAMES[series.timeframe]),
        trades=_marked_open(trades[trades["entry"] < row], row),
        ruined_at=None,
    )
    after = replace(
        _part(course, slice(row, None), time, TIMEFRAMES[series.timeframe]),
        initial_capital=float(course.equity[row - 1]),
        trades=trades[~ended_before],
        ruined_at=None if ruined is None else ruined - row,
        benchmark_base=course.benchmark_base if course.benchmark is None else float(course.benchmark[row - 1]),
    )
    return Split(day, measure(before), measure(after))


def _marked_open(trades: NDArray[np.void], row: int) -> NDArray[np.void]:
    """The trades as they were known before that row."""
    known = trades.copy()
    known["exit"][known["exit"] >= row] = -1
    return known


def _part(course: Course, rows: slice, time: NDArray[np.int64], bar: int) -> Course:
    begin, end, _ = rows.indices(len(time))
    exits = np.where(course.trades["exit"] < 0, len(time), course.trades["exit"])
    held = np.clip(np.minimum(exits, end) - np.maximum(course.trades["entry"], begin), 0, None).sum()
    return replace(
        course,
        equity=course.equity[rows],
        days=course.days[rows],
        years=years(time[rows], bar),
        bars_held=int(held),
        benchmark=None if course.benchmark is None else course.benchmark[rows],
    )


def years(time: NDArray[np.int64], bar: int) -> float:
    """From the first bar's open to the last one's close. bar: its length in nanoseconds."""
    return (int(time[-1] - time[0]) + bar) / SECOND / SECONDS_A_YEAR
