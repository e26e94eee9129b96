"""One hand-fused loop for one strategy: what a program that can do nothing else would take. The limit to hold against.

SMA crossover, long only, all in, signals filled at the next open, commission as a rate; equity, trades with their
excursions, and the sums that the metrics need, in one pass.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

TRADE_COLUMNS = 9


@njit(cache=True, nogil=True, error_model="numpy")
def sma_cross(  # noqa: C901, PLR0912, PLR0915 one loop, by intent
    open_: NDArray[np.float64],
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    close: NDArray[np.float64],
    day: NDArray[np.int64],
    fast: int,
    slow: int,
    commission: float,
    capital: float,
    equity: NDArray[np.float64],
    trades: NDArray[np.float64],
) -> Any:
    """Fills equity (n,) and trades (m, 9); returns the number of trades, deepest drawdown, sums of daily returns."""
    n = close.shape[0]
    cash, units, price, fee = capital, 0.0, 0.0, 0.0
    fast_sum = slow_sum = 0.0
    was_above = was_below = False
    order = 0
    count = 0
    entry = 0
    lowest = highest = 0.0
    peak, deepest = capital, 0.0
    mark, total, squares, downside, days = capital, 0.0, 0.0, 0.0, 0
    for i in range(n):
        if order == 1:
            price = open_[i]
            notional = cash / (1.0 + commission)
            units = notional / price
            fee = cash - notional
            cash = 0.0
            entry = i
            lowest = highest = price
        elif order == 2:
            gross = units * open_[i]
            paid = gross * commission
            lowest, highest = min(lowest, open_[i]), max(highest, open_[i])
            spent = units * price
            pnl = gross - paid - spent - fee
            row = trades[count]
            row[0], row[1], row[2], row[3], row[4] = entry, i, units, price, open_[i]
            row[5], row[6] = fee + paid, pnl
            row[7], row[8] = lowest / price - 1.0, highest / price - 1.0
            count += 1
            cash += gross - paid
            units = 0.0
        order = 0
        if units > 0.0:
            lowest, highest = min(lowest, low[i]), max(highest, high[i])
        value = cash + units * close[i]
        equity[i] = value
        if value > peak:
            peak = value
        elif value < peak * (1.0 + deepest):
            deepest = value / peak - 1.0
        if i == n - 1 or day[i + 1] != day[i]:
            change = value / mark - 1.0
            mark = value
            total += change
            squares += change * change
            downside += min(change, 0.0) ** 2
            days += 1
        fast_sum += close[i]
        slow_sum += close[i]
        if i >= fast:
            fast_sum -= close[i - fast]
        if i >= slow:
            slow_sum -= close[i - slow]
        if i >= slow - 1:
            quick, calm = fast_sum / fast, slow_sum / slow
            above, below = quick > calm, quick < calm
            if i >= slow:
                if units == 0.0 and above and not was_above:
                    order = 1
                elif units > 0.0 and below and not was_below:
                    order = 2
            was_above, was_below = above, below
    return count, deepest, total, squares, downside, days
