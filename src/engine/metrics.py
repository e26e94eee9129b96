"""What a run is judged by. Undefined is null with a code, never a sentinel; nothing here is NaN or infinite.

Here are the names; engine.measure computes them.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

NO_TRADES = "NO_TRADES"
ZERO_VARIANCE = "ZERO_VARIANCE"
TOO_SHORT = "TOO_SHORT"
SHORT_SAMPLE = "SHORT_SAMPLE"
NO_LOSING_TRADES = "NO_LOSING_TRADES"
NO_DRAWDOWN = "NO_DRAWDOWN"
RUINED_AT = "RUINED_AT"
NO_WINNING_TRADES = "NO_WINNING_TRADES"
FLAT_BENCHMARK = "FLAT_BENCHMARK"
NON_FINITE = "NON_FINITE"

#: What everyone is shown, first and in this order.
HEADLINE = ("sharpeRatio", "cagr", "maxDrawdown", "winRate", "totalTrades", "profitFactor")

#: What every combination of a sweep has; of RANKED, more is better.
SWEPT = (*HEADLINE, "totalReturn")
RANKED = ("sharpeRatio", "cagr", "maxDrawdown", "winRate", "profitFactor", "totalReturn")

SECONDS_A_YEAR = 31_557_600  # 365.25 days
SHORT_YEARS = 30 / 365.25
# Dust of rounding, not movement: an exact test for zero would let it produce ratios of 1e15.
NO_VARIANCE = 1e-12


@dataclass(frozen=True, slots=True)
class Measured:
    """Metrics by name, None where undefined, and the codes that say why or how far to trust them."""

    metrics: dict[str, float | int | None]
    notes: dict[str, str]


def drawdowns(equity: NDArray[np.float64], initial_capital: float) -> NDArray[np.float64]:
    """How far each bar's equity is below the highest so far, the initial capital included: (n,) in [−1, 0]."""
    return np.asarray(equity / np.maximum(np.maximum.accumulate(equity), initial_capital) - 1)
