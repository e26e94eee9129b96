"""What a run is judged by. Undefined is null with a code, never a sentinel; nothing here is NaN or infinite.

Definitions: returns are simple, one per trading day (bars of a day or more as they are), the first against the initial
capital; A is the number of returns a year; ratios use a risk-free rate of 0.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

NO_TRADES = "NO_TRADES"
ZERO_VARIANCE = "ZERO_VARIANCE"
TOO_SHORT = "TOO_SHORT"
SHORT_SAMPLE = "SHORT_SAMPLE"
NO_LOSING_TRADES = "NO_LOSING_TRADES"
NO_DRAWDOWN = "NO_DRAWDOWN"
RUINED_AT = "RUINED_AT"
NON_FINITE = "NON_FINITE"

#: What everyone is shown, first and in this order.
HEADLINE = ("sharpeRatio", "cagr", "maxDrawdown", "winRate", "totalTrades", "profitFactor")

SECONDS_A_YEAR = 31_557_600  # 365.25 days
SHORT_YEARS = 30 / 365.25
# Dust of rounding, not movement: an exact test for zero would let it produce ratios of 1e15.
NO_VARIANCE = 1e-12


@dataclass(frozen=True, slots=True)
class Measured:
    """Metrics by name, None where undefined, and the codes that say why or how far to trust them."""

    metrics: dict[str, float | int | None]
    notes: dict[str, str]


@dataclass(frozen=True, slots=True)
class Course:
    """What is measured.

    equity: (n,) float64 at each bar's close, ≥ 0. days: (n,) int64, the trading day of each bar. years: from the first
    bar's open to the last bar's close. pnl: (closed trades,) float64, net of fees. ruined_at: a row of equity, or None.
    """

    initial_capital: float
    equity: NDArray[np.float64]
    days: NDArray[np.int64]
    years: float
    annualization_factor: int
    pnl: NDArray[np.float64]
    open_trades: int
    bars_held: int
    ruined_at: int | None = None


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


def measure(course: Course) -> Measured:
    """All metrics of a run. Every name is always there."""
    sheet = _Sheet(dict.fromkeys(HEADLINE))
    idle = len(course.pnl) == 0 and course.open_trades == 0
    # What overflows becomes null with a code, not a warning.
    with np.errstate(all="ignore"):
        _ratios(sheet, course, idle=idle)
        _growth(sheet, course)
        _trades(sheet, course.pnl)
    sheet.metrics["totalTrades"] = len(course.pnl)
    sheet.metrics["openTrades"] = course.open_trades
    sheet.put("totalReturn", float(course.equity[-1] / course.initial_capital - 1))
    sheet.put("exposure", course.bars_held / len(course.equity))
    sheet.metrics["annualizationFactor"] = course.annualization_factor
    return Measured(sheet.metrics, sheet.notes)


def daily_returns(course: Course) -> NDArray[np.float64]:
    """Simple returns, one per trading day up to ruin."""
    end = len(course.equity) if course.ruined_at is None else course.ruined_at + 1
    days, equity = course.days[:end], course.equity[:end]
    last_of_day = np.append(days[1:] != days[:-1], True)
    marks = np.concatenate(([course.initial_capital], equity[last_of_day]))
    return np.asarray(marks[1:] / marks[:-1] - 1)


def drawdowns(equity: NDArray[np.float64], initial_capital: float) -> NDArray[np.float64]:
    """How far each bar's equity is below the highest so far, the initial capital included: (n,) in [−1, 0]."""
    return np.asarray(equity / np.maximum(np.maximum.accumulate(equity), initial_capital) - 1)


def _ratios(sheet: _Sheet, course: Course, *, idle: bool) -> None:
    returns = daily_returns(course)
    root = math.sqrt(course.annualization_factor)
    names = ("sharpeRatio", "sortino", "volatility")
    if len(returns) < 2:
        for name in names:
            sheet.put(name, None, TOO_SHORT)
        return
    mean = float(returns.mean())
    deviation = float(returns.std(ddof=1))
    downside = math.sqrt(float(np.mean(np.minimum(returns, 0.0) ** 2)))
    short = SHORT_SAMPLE if course.years < SHORT_YEARS else None
    flat = NO_TRADES if idle else ZERO_VARIANCE
    for name, spread in (("sharpeRatio", deviation), ("sortino", downside)):
        if spread <= NO_VARIANCE * max(1.0, abs(mean)):
            sheet.put(name, None, flat)
        else:
            sheet.put(name, mean / spread * root, short)
    sheet.put("volatility", deviation * root, short)


def _growth(sheet: _Sheet, course: Course) -> None:
    ruined = course.ruined_at is not None
    deepest = -1.0 if ruined else float(min(0.0, drawdowns(course.equity, course.initial_capital).min()))
    sheet.put("maxDrawdown", deepest, RUINED_AT if ruined else None)
    if ruined:
        sheet.put("cagr", -1.0, RUINED_AT)
    elif course.years < 1 / 365.25:
        sheet.put("cagr", None, TOO_SHORT)
    else:
        growth = np.float64(course.equity[-1] / course.initial_capital)
        cagr = float(growth ** (1 / course.years) - 1)
        sheet.put("cagr", cagr, SHORT_SAMPLE if course.years < SHORT_YEARS else None)
    cagr_found = sheet.metrics["cagr"]
    if cagr_found is None:
        sheet.put("calmar", None, sheet.notes["cagr"])
    elif deepest == 0.0:
        sheet.put("calmar", None, NO_DRAWDOWN)
    else:
        sheet.put("calmar", cagr_found / abs(deepest), sheet.notes.get("cagr"))


def _trades(sheet: _Sheet, pnl: NDArray[np.float64]) -> None:
    if len(pnl) == 0:
        for name in ("winRate", "profitFactor", "expectancy", "sqn"):
            sheet.put(name, None, NO_TRADES)
        return
    won, lost = float(pnl[pnl > 0].sum()), float(-pnl[pnl < 0].sum())
    sheet.put("winRate", float((pnl > 0).mean()))
    if lost > 0:
        sheet.put("profitFactor", won / lost)
    else:
        sheet.put("profitFactor", None, NO_LOSING_TRADES)
    mean = float(pnl.mean())
    sheet.put("expectancy", mean)
    if len(pnl) < 2:
        sheet.put("sqn", None, TOO_SHORT)
        return
    deviation = float(pnl.std(ddof=1))
    if deviation <= NO_VARIANCE * max(1.0, abs(mean)):
        sheet.put("sqn", None, ZERO_VARIANCE)
    else:
        sheet.put("sqn", math.sqrt(len(pnl)) * mean / deviation)
