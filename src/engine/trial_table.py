"""The headline metrics of every combination of a sweep, as columns; and how much of the best one is luck.

The definitions are those of engine.measure, for whole columns; NaN stands for what is undefined there.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.kernels import measure as at
from engine.kernels.sweep import MADE, RUIN_ROW
from engine.metrics import NO_VARIANCE
from engine.trials import Sums

Column = NDArray[np.float64]

_EULER = 0.5772156649015329


def table(sums: Sums, *, initial_capital: float, years: float, annualization_factor: int) -> dict[str, Column]:
    """Metrics, see SWEPT, of (k,) float64 each. A run that grew beyond what a number holds has none of them."""
    courses, trips = sums.courses, sums.trips
    ruined = sums.state[:, RUIN_ROW] >= 0
    with np.errstate(all="ignore"):
        mean, deviation = courses[:, at.MEAN], courses[:, at.DEVIATION]
        flat = ~(deviation > NO_VARIANCE * np.maximum(1.0, np.abs(mean)))
        idle = sums.state[:, MADE] == 0
        sharpe = mean / deviation * math.sqrt(annualization_factor)
        sharpe[flat | idle | (courses[:, at.RETURNS] < 2)] = np.nan
        growth = courses[:, at.LAST] / initial_capital
        cagr = np.array([_cagr(value, years) for value in growth.tolist()])
        closed = trips[:, at.CLOSED]
        win_rate = np.where(closed > 0, trips[:, at.WINNERS] / closed, np.nan)
        profit_factor = np.where(trips[:, at.LOSERS] > 0, trips[:, at.WON] / trips[:, at.LOST], np.nan)
    found = {
        "sharpeRatio": sharpe,
        "cagr": np.where(ruined, -1.0, cagr),
        "maxDrawdown": np.where(ruined, -1.0, courses[:, at.DEEPEST]),
        "winRate": win_rate,
        "totalTrades": closed,
        "profitFactor": profit_factor,
        "totalReturn": growth - 1,
    }
    overflown = ~np.isfinite(courses[:, at.LAST])
    return {name: np.where(np.isfinite(column) & ~overflown, column, np.nan) for name, column in found.items()}


def _cagr(growth: float, years: float) -> float:
    if years < 1 / 365.25 or not math.isfinite(growth):
        return math.nan
    try:
        return float(growth ** (1 / years) - 1)
    except OverflowError:
        return math.inf


def ranked(column: Column) -> NDArray[np.intp]:
    """Numbers of the combinations, the best first; equal ones in their order, undefined ones last."""
    return np.argsort(np.where(np.isnan(column), np.inf, -column), kind="stable")


@dataclass(frozen=True, slots=True)
class Deflated:
    """The chance that the best Sharpe ratio is more than the best of so many tries without skill.

    value: in [0, 1], None with a note where it is undefined. expected: the annual Sharpe ratio that the best of the
    tries would have by luck. trials: how many were counted.
    """

    value: float | None
    expected: float | None
    trials: int
    note: str | None = None

    def to_json(self) -> Mapping[str, Any]:
        return {"value": self.value, "expectedByLuck": self.expected, "trials": self.trials, "note": self.note}


def deflated_sharpe(sharpes: Column, returns: Column, annualization_factor: int, riskless: float) -> Deflated:
    """Bailey and López de Prado, The Deflated Sharpe Ratio (2014), every combination taken for an independent try.

    sharpes: (k,) annual ones of all combinations. returns: (n,) of the best one, one a day. Neighbours on a grid are
    alike, so the true number of tries is smaller and this is on the safe side.
    """
    known = sharpes[~np.isnan(sharpes)] / math.sqrt(annualization_factor)
    trials = len(known)
    if trials < 2:
        return Deflated(None, None, trials, "FEW_COMBINATIONS")
    excess = returns - riskless
    deviation = float(excess.std(ddof=1)) if len(excess) > 1 else 0.0
    spread = float(known.std(ddof=1))
    if deviation <= NO_VARIANCE or spread <= NO_VARIANCE or len(excess) < 3:
        return Deflated(None, None, trials, "ZERO_VARIANCE")
    normal = NormalDist()
    expected = spread * (
        (1 - _EULER) * normal.inv_cdf(1 - 1 / trials) + _EULER * normal.inv_cdf(1 - 1 / (trials * math.e))
    )
    sharpe = float(excess.mean()) / deviation
    standard = (excess - excess.mean()) / float(excess.std(ddof=0))
    skew, kurtosis = float((standard**3).mean()), float((standard**4).mean())
    variance = 1 - skew * sharpe + (kurtosis - 1) / 4 * sharpe**2
    if not variance > 0:
        return Deflated(None, None, trials, "ZERO_VARIANCE")
    value = normal.cdf((sharpe - expected) * math.sqrt(len(excess) - 1) / math.sqrt(variance))
    return Deflated(value, expected * math.sqrt(annualization_factor), trials)
