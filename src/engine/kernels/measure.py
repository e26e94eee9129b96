"""Sums that metrics are made of, taken in short stretches, so that rounding stays at a few bits."""

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from engine.kernels.shared import DAYS, INPUT, OPTIONS, OUTPUT, helper

# Of `course`.
LAST, DEEPEST, LONGEST, RETURNS, MEAN, DEVIATION, DOWNSIDE = range(7)
COURSE = 7
# Of `beside`.
BETA, ALPHA_MEAN = range(2)
BESIDE = 2
# Of `round_trips`. WON and LOST are sums of money, BEST and WORST are returns, HELD is a sum of bars.
CLOSED, WINNERS, LOSERS, WON, LOST, TOTAL, PNL_DEVIATION, BEST, WORST, LARGEST_WIN, HELD = range(11)
ROUND_TRIPS = 11
# Columns of a trade's 8-byte fields, as in kernels.account.
ENTRY, EXIT, PNL, RETURN = 0, 1, 9, 10

STRETCH = 64


@helper
def _sum(values: NDArray[np.float64], count: int) -> float:
    total = 0.0
    for begin in range(0, count, STRETCH):
        end = min(begin + STRETCH, count)
        fours = begin + (end - begin) // 4 * 4
        # Four sums side by side: an addition need not wait for the one before it.
        a = b = c = d = 0.0
        for i in range(begin, fours, 4):
            a += values[i]
            b += values[i + 1]
            c += values[i + 2]
            d += values[i + 3]
        for i in range(fours, end):
            a += values[i]
        total += (a + b) + (c + d)
    return total


@helper
def _mean_and_deviation(values: NDArray[np.float64], count: int) -> tuple[float, float]:
    """Arithmetic mean and sample deviation, in two passes."""
    mean = _sum(values, count) / count
    total = 0.0
    for begin in range(0, count, STRETCH):
        end = min(begin + STRETCH, count)
        fours = begin + (end - begin) // 4 * 4
        a = b = c = d = 0.0
        for i in range(begin, fours, 4):
            a += (values[i] - mean) ** 2
            b += (values[i + 1] - mean) ** 2
            c += (values[i + 2] - mean) ** 2
            d += (values[i + 3] - mean) ** 2
        for i in range(fours, end):
            a += (values[i] - mean) ** 2
        total += (a + b) + (c + d)
    return mean, np.sqrt(total / (count - 1)) if count > 1 else np.nan


@njit(types.int64(INPUT, DAYS, types.float64, OUTPUT), **OPTIONS)
def daily_returns(
    equity: NDArray[np.float64], days: NDArray[np.int64], initial: float, out: NDArray[np.float64]
) -> int:
    """Simple returns, one per day with bars, the first against initial; how many. equity, days, out: (n,)."""
    count = 0
    mark = initial
    n = equity.shape[0]
    shared = 0
    for i in range(n - 1):
        shared += days[i + 1] == days[i]
    if shared == 0 and n > 0:
        # Bars of a day or more: quotients that do not wait for each other.
        out[0] = equity[0] / initial - 1.0
        for i in range(n - 1):
            out[i + 1] = equity[i + 1] / equity[i] - 1.0
        return int(n)
    for i in range(n):
        if i == n - 1 or days[i + 1] != days[i]:
            out[count] = equity[i] / mark - 1.0
            mark = equity[i]
            count += 1
    return count


@njit(types.void(INPUT, INPUT, types.int64, types.float64, types.float64, OUTPUT), **OPTIONS)
def headline(
    equity: NDArray[np.float64],
    returns: NDArray[np.float64],
    count: int,
    initial: float,
    riskless: float,
    out: NDArray[np.float64],
) -> None:
    """What a sweep needs of `course`: LAST, DEEPEST, RETURNS, MEAN, DEVIATION."""
    peak = initial
    deepest = 0.0
    trough = initial
    n = equity.shape[0]
    for begin in range(0, n, STRETCH):
        end = min(begin + STRETCH, n)
        highest, lowest = equity[begin], equity[begin]
        for value in equity[begin:end]:
            highest = max(highest, value)
            lowest = min(lowest, value)
        if highest < peak and lowest >= trough:
            continue
        for i in range(begin, end):
            value = equity[i]
            if value >= peak:
                peak = value
                # So far the quotient is needed only below this.
                trough = peak * (1.0 + deepest) * (1.0 + 1e-15)
            elif value < trough:
                deepest = min(deepest, value / peak - 1.0)
                trough = peak * (1.0 + deepest) * (1.0 + 1e-15)
    out[LAST] = equity[n - 1]
    out[DEEPEST] = deepest
    out[RETURNS] = count
    mean, deviation = _mean_and_deviation(returns, count)
    out[MEAN] = mean - riskless
    out[DEVIATION] = deviation


@njit(types.void(INPUT, INPUT, types.int64, types.float64, types.float64, OUTPUT), **OPTIONS)
def course(
    equity: NDArray[np.float64],
    returns: NDArray[np.float64],
    count: int,
    initial: float,
    riskless: float,
    out: NDArray[np.float64],
) -> None:
    """The curve of an account. equity: (n,); returns: the first count are daily; riskless: a day's. out: (COURSE,).

    DEEPEST is in [−1, 0], LONGEST the bars from a peak to the last bar below it. DOWNSIDE is the root of the mean
    squared shortfall over all returns. MEAN is of the returns less riskless.
    """
    headline(equity, returns, count, initial, riskless, out)
    peak = initial
    peak_at = -1
    longest = 0
    n = equity.shape[0]
    for i in range(n):
        if equity[i] >= peak:
            longest = max(longest, i - 1 - peak_at)
            peak = equity[i]
            peak_at = i
    out[LONGEST] = max(longest, n - 1 - peak_at)
    short = np.empty(STRETCH)
    total = 0.0
    for begin in range(0, count, STRETCH):
        many = min(STRETCH, count - begin)
        for i in range(many):
            short[i] = min(returns[begin + i] - riskless, 0.0) ** 2
        total += _sum(short, many)
    out[DOWNSIDE] = np.sqrt(total / count)


@njit(types.void(INPUT, INPUT, types.int64, types.float64, OUTPUT), **OPTIONS)
def beside(
    returns: NDArray[np.float64],
    benchmark: NDArray[np.float64],
    count: int,
    riskless: float,
    out: NDArray[np.float64],
) -> None:
    """Beta, and the mean of what beta leaves unexplained. NaN where the benchmark does not move."""
    mean, _ = _mean_and_deviation(returns, count)
    other, spread = _mean_and_deviation(benchmark, count)
    products = np.empty(STRETCH)
    total = 0.0
    for begin in range(0, count, STRETCH):
        many = min(STRETCH, count - begin)
        for i in range(many):
            products[i] = (returns[begin + i] - mean) * (benchmark[begin + i] - other)
        total += _sum(products, many)
    out[BETA] = total / (count - 1) / spread**2 if spread > 1e-12 else np.nan
    out[ALPHA_MEAN] = (mean - riskless) - out[BETA] * (other - riskless)


@njit(
    types.void(
        types.Array(types.int64, 2, "C", readonly=True), types.Array(types.float64, 2, "C", readonly=True), OUTPUT
    ),
    **OPTIONS,
)
def round_trips(codes: NDArray[np.int64], amounts: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Sums over closed trades. codes, amounts: (m, 13), two views of TRADE rows. out: (ROUND_TRIPS,)."""
    m = codes.shape[0]
    pnl = np.empty(m)
    closed = 0
    winners = losers = 0
    won = lost = 0.0
    best, worst, largest = -np.inf, np.inf, 0.0
    held = 0
    for i in range(m):
        if codes[i, EXIT] < 0:
            continue
        value = amounts[i, PNL]
        pnl[closed] = value
        closed += 1
        if value > 0.0:
            winners += 1
            won += value
            largest = max(largest, value)
        elif value < 0.0:
            losers += 1
            lost -= value
        best = max(best, amounts[i, RETURN])
        worst = min(worst, amounts[i, RETURN])
        held += codes[i, EXIT] - codes[i, ENTRY]
    out[CLOSED], out[WINNERS], out[LOSERS], out[WON], out[LOST] = closed, winners, losers, won, lost
    out[BEST], out[WORST], out[LARGEST_WIN], out[HELD] = best, worst, largest, held
    mean, deviation = _mean_and_deviation(pnl, closed) if closed else (0.0, np.nan)
    out[TOTAL] = mean * closed
    out[PNL_DEVIATION] = deviation
