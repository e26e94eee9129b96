"""Indicators that remember all they have seen: exponential averages, and what is built on Wilder's.

source: (n,) float64, NaN where unknown; after a NaN a recursion starts afresh, as though the series began there.
Outputs are written whole, NaN until the recursion is seeded. Divisions by constants are products with reciprocals: a
recursion waits for each step, and a product is several times quicker.
"""

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from engine.kernels.shared import INPUT, OPTIONS, OUTPUT, REAL, WHOLE, helper, is_zero, known_run


@helper
def _mean(source: NDArray[np.float64], first: int, end: int) -> float:
    total = 0.0
    for j in range(first, end):
        total += source[j]
    return total / (end - first)


@helper
def _ema(source: NDArray[np.float64], length: int, first: int, end: int, out: NDArray[np.float64]) -> None:
    """Seeded with the mean of the first `length` values of a stretch that is known."""
    seeded = first + length - 1
    if seeded >= end:
        return
    factor = 2.0 / (length + 1)
    average = _mean(source, first, seeded + 1)
    out[seeded] = average
    for i in range(seeded + 1, end):
        average = (source[i] - average) * factor + average
        out[i] = average


@njit(types.void(INPUT, WHOLE, OUTPUT), **OPTIONS)
def ema(source: NDArray[np.float64], length: int, out: NDArray[np.float64]) -> None:
    """Exponential average, factor 2 / (length + 1), seeded with the mean of the first `length`. Equals TA-Lib's EMA."""
    out[:] = np.nan
    first, end = known_run(source, 0)
    while first < source.shape[0]:
        _ema(source, length, first, end, out)
        first, end = known_run(source, end)


@njit(types.void(INPUT, WHOLE, WHOLE, WHOLE, OUTPUT, OUTPUT, OUTPUT), **OPTIONS)
def macd(
    source: NDArray[np.float64],
    fast: int,
    slow: int,
    signal: int,
    line: NDArray[np.float64],
    signal_line: NDArray[np.float64],
    histogram: NDArray[np.float64],
) -> None:
    """Difference of two exponential averages, the average of that, and their difference. Equals TA-Lib's MACD.

    Both averages are seeded on the same bar, each with the mean of as many values before it as it is long, so the line
    is not ema(fast) − ema(slow) at first. All three begin together, when the signal does. Lengths in either order.
    """
    fast, slow = min(fast, slow), max(fast, slow)
    line[:] = np.nan
    signal_line[:] = np.nan
    histogram[:] = np.nan
    fast_factor, slow_factor, signal_factor = 2.0 / (fast + 1), 2.0 / (slow + 1), 2.0 / (signal + 1)
    first, end = known_run(source, 0)
    while first < source.shape[0]:
        seeded = first + slow - 1
        begins = seeded + signal - 1
        if begins < end:
            quick = _mean(source, seeded - fast + 1, seeded + 1)
            calm = _mean(source, first, seeded + 1)
            average = quick - calm
            for i in range(seeded + 1, begins + 1):
                quick = (source[i] - quick) * fast_factor + quick
                calm = (source[i] - calm) * slow_factor + calm
                average += quick - calm
            average /= signal
            line[begins] = quick - calm
            signal_line[begins] = average
            histogram[begins] = quick - calm - average
            for i in range(begins + 1, end):
                quick = (source[i] - quick) * fast_factor + quick
                calm = (source[i] - calm) * slow_factor + calm
                difference = quick - calm
                average = (difference - average) * signal_factor + average
                line[i] = difference
                signal_line[i] = average
                histogram[i] = difference - average
        first, end = known_run(source, end)


@njit(types.void(INPUT, WHOLE, OUTPUT), **OPTIONS)
def rsi(source: NDArray[np.float64], length: int, out: NDArray[np.float64]) -> None:
    """Wilder's relative strength: 100 · gains / (gains + losses), 0 where nothing moves. Equals TA-Lib's RSI."""
    out[:] = np.nan
    share = 1.0 / length
    first, end = known_run(source, 0)
    while first < source.shape[0]:
        seeded = first + length
        if seeded < end:
            gain = 0.0
            loss = 0.0
            for i in range(first + 1, seeded + 1):
                change = source[i] - source[i - 1]
                gain += max(change, 0.0)
                loss += max(-change, 0.0)
            gain *= share
            loss *= share
            both = gain + loss
            out[seeded] = 0.0 if is_zero(both) else 100.0 * gain / both
            for i in range(seeded + 1, end):
                change = source[i] - source[i - 1]
                gain += (max(change, 0.0) - gain) * share
                loss += (max(-change, 0.0) - loss) * share
                both = gain + loss
                out[i] = 0.0 if is_zero(both) else 100.0 * gain / both
        first, end = known_run(source, end)


@helper
def true_range(high: NDArray[np.float64], low: NDArray[np.float64], close: NDArray[np.float64], i: int) -> float:
    """Of bar i ≥ 1: how far it reached, the gap from the close before it included."""
    before = close[i - 1]
    return float(max(high[i] - low[i], abs(before - high[i]), abs(before - low[i])))


@njit(types.void(INPUT, INPUT, INPUT, OUTPUT), **OPTIONS)
def tr(
    high: NDArray[np.float64], low: NDArray[np.float64], close: NDArray[np.float64], out: NDArray[np.float64]
) -> None:
    """True range, unknown on the first bar. Equals TA-Lib's TRANGE."""
    if out.shape[0] > 0:
        out[0] = np.nan
    for i in range(1, out.shape[0]):
        out[i] = true_range(high, low, close, i)


@helper
def fill_atr(
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    close: NDArray[np.float64],
    length: int,
    out: NDArray[np.float64],
) -> None:
    n = out.shape[0]
    out[: min(n, length)] = np.nan
    if n <= length:
        return
    average = 0.0
    for i in range(1, length + 1):
        average += true_range(high, low, close, i)
    average /= length
    out[length] = average
    share = 1.0 / length
    for i in range(length + 1, n):
        average += (true_range(high, low, close, i) - average) * share
        out[i] = average


@njit(types.void(INPUT, INPUT, INPUT, WHOLE, OUTPUT), **OPTIONS)
def atr(
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    close: NDArray[np.float64],
    length: int,
    out: NDArray[np.float64],
) -> None:
    """Wilder's average of the true range. Equals TA-Lib's ATR."""
    fill_atr(high, low, close, length, out)


@njit(types.void(INPUT, INPUT, INPUT, WHOLE, OUTPUT, OUTPUT, OUTPUT), **OPTIONS)
def adx(
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    close: NDArray[np.float64],
    length: int,
    strength: NDArray[np.float64],
    plus_di: NDArray[np.float64],
    minus_di: NDArray[np.float64],
) -> None:
    """Wilder's directional movement. Equals TA-Lib's ADX, PLUS_DI, MINUS_DI.

    The sums begin with length − 1 bars and are smoothed from the next on. Where nothing moves, the indicators are 0 and
    the strength keeps its value. length ≥ 2.
    """
    n = strength.shape[0]
    strength[:] = np.nan
    plus_di[: min(n, length)] = np.nan
    minus_di[: min(n, length)] = np.nan
    share = 1.0 / length
    plus = 0.0
    minus = 0.0
    ranges = 0.0
    gathered = 0.0
    average = 0.0
    for i in range(1, n):
        up = high[i] - high[i - 1]
        down = low[i - 1] - low[i]
        rises = up if up > 0.0 and up > down else 0.0
        falls = down if down > 0.0 and up < down else 0.0
        reach = true_range(high, low, close, i)
        if i < length:
            plus += rises
            minus += falls
            ranges += reach
            continue
        plus += rises - plus * share
        minus += falls - minus * share
        ranges += reach - ranges * share
        moved = 0.0
        known = False
        if is_zero(ranges):
            plus_di[i] = 0.0
            minus_di[i] = 0.0
        else:
            scale = 100.0 / ranges
            plus_di[i] = plus * scale
            minus_di[i] = minus * scale
            both = plus_di[i] + minus_di[i]
            if not is_zero(both):
                moved = 100.0 * abs(plus_di[i] - minus_di[i]) / both
                known = True
        if i < 2 * length - 1:
            gathered += moved
        elif i == 2 * length - 1:
            average = (gathered + moved) * share
            strength[i] = average
        else:
            if known:
                average += (moved - average) * share
            strength[i] = average


@njit(types.void(INPUT, INPUT, INPUT, WHOLE, WHOLE, REAL, OUTPUT, OUTPUT, OUTPUT), **OPTIONS)
def keltner(
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    close: NDArray[np.float64],
    length: int,
    atr_length: int,
    multiple: float,
    upper: NDArray[np.float64],
    middle: NDArray[np.float64],
    lower: NDArray[np.float64],
) -> None:
    """An exponential average of the close, and so many average true ranges around it. All begin together."""
    middle[:] = np.nan
    _ema(close, length, 0, close.shape[0], middle)
    fill_atr(high, low, close, atr_length, upper)
    for i in range(close.shape[0]):
        width = multiple * upper[i]
        # A value that one of the two lacks is unknown in all.
        middle[i] += 0.0 * width
        upper[i] = middle[i] + width
        lower[i] = middle[i] - width


@njit(types.void(INPUT, INPUT, INPUT, WHOLE, REAL, OUTPUT, OUTPUT), **OPTIONS)
def supertrend(
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    close: NDArray[np.float64],
    length: int,
    multiple: float,
    line: NDArray[np.float64],
    direction: NDArray[np.float64],
) -> None:
    """A stop that trails the trend by so many average true ranges; direction 1 up, −1 down. Equals TA-Lib's SUPERTREND.

    Begins as an uptrend. A band only tightens, unless the close before went beyond it.
    """
    fill_atr(high, low, close, length, line)
    n = line.shape[0]
    direction[:] = np.nan
    upper = 0.0
    lower = 0.0
    is_up = True
    for i in range(length, n):
        middle = (high[i] + low[i]) / 2.0
        width = multiple * line[i]
        new_upper = middle + width
        new_lower = middle - width
        if i == length:
            upper, lower = new_upper, new_lower
        else:
            before = close[i - 1]
            if new_upper < upper or before > upper:
                upper = new_upper
            if new_lower > lower or before < lower:
                lower = new_lower
            if is_up and close[i] < lower:
                is_up = False
            elif not is_up and close[i] > upper:
                is_up = True
        line[i] = lower if is_up else upper
        direction[i] = 1.0 if is_up else -1.0
