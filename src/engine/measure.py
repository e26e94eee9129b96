"""Metrics of a run.

Returns are simple, one per trading day (bars of a day or more as they are), the first against the initial capital. A is
the number of returns a year, the riskless return of a day (1 + rate)^(1/A) − 1. docs/metrics.md defines every name.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.kernels import measure as kernels
from engine.metrics import (
    FLAT_BENCHMARK,
    HEADLINE,
    NO_DRAWDOWN,
    NO_LOSING_TRADES,
    NO_TRADES,
    NO_VARIANCE,
    NO_WINNING_TRADES,
    NON_FINITE,
    RUINED_AT,
    SHORT_SAMPLE,
    SHORT_YEARS,
    TOO_SHORT,
    ZERO_VARIANCE,
    Measured,
)

DAYS_A_YEAR = 365.25


@dataclass(frozen=True, slots=True)
class Course:
    """What is measured.

    equity: (n,) float64 at each bar's close, ≥ 0. days: (n,) int64, the trading day of each bar. years: from the first
    bar's open to the last bar's close. trades: (m,) TRADE. ruined_at: a row of equity, or None. risk_free_rate: a
    year's, as a fraction. benchmark: (n,) float64, what is compared with, at the same closes; base: its value before.
    """

    initial_capital: float
    equity: NDArray[np.float64]
    days: NDArray[np.int64]
    years: float
    annualization_factor: int
    trades: NDArray[np.void]
    bars_held: int
    ruined_at: int | None = None
    risk_free_rate: float = 0.0
    benchmark: NDArray[np.float64] | None = None
    benchmark_base: float = 1.0


@dataclass(slots=True)
class _Sheet:
    metrics: dict[str, float | int | None] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)

    def put(self, name: str, value: float | None, note: str | None = None) -> None:
        if value is not None and not math.isfinite(value):
            value, note = None, NON_FINITE
        self.metrics[name] = None if value is None else float(value)
        if note is not None:
            self.notes[name] = note

    def put_all(self, names: tuple[str, ...], note: str) -> None:
        for name in names:
            self.put(name, None, note)


def measure(course: Course) -> Measured:
    """All metrics of a run. Every name is always there; alpha and beta only beside a benchmark."""
    sheet = _Sheet(dict.fromkeys(HEADLINE))
    n = len(course.equity)
    end = n if course.ruined_at is None else course.ruined_at + 1
    returns = np.empty(end)
    count = kernels.daily_returns(course.equity[:end], course.days[:end], course.initial_capital, returns)
    riskless = riskless_of_a_day(course.risk_free_rate, course.annualization_factor)
    sums = np.empty(kernels.COURSE)
    kernels.course(course.equity, returns, count, course.initial_capital, riskless, sums)
    found = sums.tolist()
    trades = _sums_of_trades(course.trades)
    _ratios(sheet, course, found, is_idle=len(course.trades) == 0)
    _growth(sheet, course, found)
    _trades(sheet, trades)
    closed = int(trades[kernels.CLOSED])
    sheet.metrics["totalTrades"] = closed
    sheet.metrics["openTrades"] = len(course.trades) - closed
    sheet.put("totalReturn", found[kernels.LAST] / course.initial_capital - 1)
    sheet.put("exposure", course.bars_held / n)
    sheet.metrics["longestDrawdownBars"] = int(found[kernels.LONGEST])
    if course.benchmark is not None:
        _beside(sheet, course, course.benchmark, returns, count, riskless)
    sheet.metrics["annualizationFactor"] = course.annualization_factor
    return Measured(sheet.metrics, sheet.notes)


def riskless_of_a_day(rate: float, annualization_factor: int) -> float:
    """rate: a year's, as a fraction."""
    return float((1.0 + rate) ** (1.0 / annualization_factor) - 1.0)


def sums_of(
    equity: NDArray[np.float64],
    days: NDArray[np.int64],
    initial_capital: float,
    trades: NDArray[np.void],
    *,
    riskless: float,
    ruined_at: int | None,
) -> tuple[list[float], list[float]]:
    """What metrics are made of: of the course, and of the round trips. See kernels.measure."""
    end = len(equity) if ruined_at is None else ruined_at + 1
    returns = np.empty(end)
    count = kernels.daily_returns(equity[:end], days[:end], initial_capital, returns)
    sums = np.empty(kernels.COURSE)
    kernels.course(equity, returns, count, initial_capital, riskless, sums)
    found: list[float] = sums.tolist()
    return found, _sums_of_trades(trades)


def _sums_of_trades(trades: NDArray[np.void]) -> list[float]:
    sums = np.empty(kernels.ROUND_TRIPS)
    rows = np.ascontiguousarray(trades)
    shape = (len(rows), rows.dtype.itemsize // 8)
    kernels.round_trips(rows.view(np.int64).reshape(shape), rows.view(np.float64).reshape(shape), sums)
    found: list[float] = sums.tolist()
    return found


def _is_flat(spread: float, mean: float) -> bool:
    """Dust of rounding is no variance; nor is what is not a number."""
    return not spread > NO_VARIANCE * max(1.0, abs(mean))


def _ratios(sheet: _Sheet, course: Course, found: list[float], *, is_idle: bool) -> None:
    if found[kernels.RETURNS] < 2:
        sheet.put_all(("sharpeRatio", "sortino", "volatility"), TOO_SHORT)
        return
    root = math.sqrt(course.annualization_factor)
    mean, deviation = found[kernels.MEAN], found[kernels.DEVIATION]
    short = SHORT_SAMPLE if course.years < SHORT_YEARS else None
    for name, spread in (("sharpeRatio", deviation), ("sortino", found[kernels.DOWNSIDE])):
        if math.isnan(spread):
            sheet.put(name, None, NON_FINITE)
        elif is_idle or _is_flat(spread, mean):
            sheet.put(name, None, NO_TRADES if is_idle else ZERO_VARIANCE)
        else:
            sheet.put(name, mean / spread * root, short)
    sheet.put("volatility", deviation * root, short)


def _growth(sheet: _Sheet, course: Course, found: list[float]) -> None:
    is_ruined = course.ruined_at is not None
    deepest = -1.0 if is_ruined else found[kernels.DEEPEST]
    sheet.put("maxDrawdown", deepest, RUINED_AT if is_ruined else None)
    if is_ruined:
        sheet.put("cagr", -1.0, RUINED_AT)
    elif course.years < 1 / DAYS_A_YEAR:
        sheet.put("cagr", None, TOO_SHORT)
    else:
        sheet.put("cagr", _cagr(found[kernels.LAST] / course.initial_capital, course.years), _short(course))
    cagr = sheet.metrics["cagr"]
    if cagr is None:
        sheet.put("calmar", None, sheet.notes["cagr"])
    elif deepest == 0.0:
        sheet.put("calmar", None, NO_DRAWDOWN)
    else:
        sheet.put("calmar", cagr / abs(deepest), sheet.notes.get("cagr"))


def _short(course: Course) -> str | None:
    return SHORT_SAMPLE if course.years < SHORT_YEARS else None


def _cagr(growth: float, years: float) -> float:
    try:
        return float(growth ** (1 / years) - 1)
    except OverflowError:
        return math.inf


_OF_TRADES = ("winRate", "profitFactor", "expectancy", "averageWin", "averageLoss", "bestTrade", "worstTrade")


def _trades(sheet: _Sheet, found: list[float]) -> None:
    closed, winners, losers = found[kernels.CLOSED], found[kernels.WINNERS], found[kernels.LOSERS]
    if not closed:
        sheet.put_all((*_OF_TRADES, "averageBarsHeld", "sqn"), NO_TRADES)
        return
    won, lost = found[kernels.WON], found[kernels.LOST]
    mean = found[kernels.TOTAL] / closed
    sheet.put("winRate", winners / closed)
    sheet.put("profitFactor", won / lost if losers else None, None if losers else NO_LOSING_TRADES)
    sheet.put("expectancy", mean)
    sheet.put("averageWin", won / winners if winners else None, None if winners else NO_WINNING_TRADES)
    sheet.put("averageLoss", -lost / losers if losers else None, None if losers else NO_LOSING_TRADES)
    sheet.put("bestTrade", found[kernels.BEST])
    sheet.put("worstTrade", found[kernels.WORST])
    sheet.put("averageBarsHeld", found[kernels.HELD] / closed)
    deviation = found[kernels.PNL_DEVIATION]
    if closed < 2:
        sheet.put("sqn", None, TOO_SHORT)
    elif math.isnan(deviation) or math.isinf(deviation):
        sheet.put("sqn", None, NON_FINITE)
    elif _is_flat(deviation, mean):
        sheet.put("sqn", None, ZERO_VARIANCE)
    else:
        sheet.put("sqn", math.sqrt(closed) * mean / deviation)


def _beside(
    sheet: _Sheet,
    course: Course,
    benchmark: NDArray[np.float64],
    returns: NDArray[np.float64],
    count: int,
    riskless: float,
) -> None:
    """What beta leaves unexplained, compounded over a year, as empyrical has it."""
    end = len(returns)
    theirs = np.empty(end)
    kernels.daily_returns(benchmark[:end], course.days[:end], course.benchmark_base, theirs)
    if count < 2:
        sheet.put_all(("alpha", "beta"), TOO_SHORT)
        return
    sums = np.empty(kernels.BESIDE)
    kernels.beside(returns, theirs, count, riskless, sums)
    beta, alpha_mean = sums.tolist()
    if math.isnan(beta):
        sheet.put_all(("alpha", "beta"), FLAT_BENCHMARK)
        return
    sheet.put("alpha", (1.0 + alpha_mean) ** course.annualization_factor - 1.0, _short(course))
    sheet.put("beta", beta, _short(course))
