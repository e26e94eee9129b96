"""Where the price stands within what it lately did, and what volume says of it.

Prices and volume are known on every bar; source may be NaN where unknown. Outputs are written whole, NaN while the
look-back is not full.
"""

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from engine.kernels.rolling import _extremes, _windows
from engine.kernels.shared import DAYS, INPUT, OPTIONS, OUTPUT, WHOLE, is_zero


@njit(types.void(INPUT, INPUT, INPUT, WHOLE, WHOLE, WHOLE, OUTPUT, OUTPUT), **OPTIONS)
def stoch(
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    close: NDArray[np.float64],
    length: int,
    k_smooth: int,
    d_smooth: int,
    k: NDArray[np.float64],
    d: NDArray[np.float64],
) -> None:
    """Where the close stands between the lowest low and the highest high, 0–100, smoothed once (k) and twice (d).

    0 where the range is nothing. Both begin together. Equals TA-Lib's STOCH with simple averages.
    """
    n = close.shape[0]
    top = np.empty(n)
    raw = np.empty(n)
    _extremes(high, length, 1.0, 0, n, top)
    _extremes(low, length, -1.0, 0, n, raw)
    for i in range(length - 1, n):
        reach = top[i] - raw[i]
        raw[i] = 100.0 * (close[i] - raw[i]) / reach if reach != 0.0 else 0.0
    k[:] = np.nan
    d[:] = np.nan
    _windows(raw, k_smooth, float(k_smooth), length - 1, n, k)
    begins = length + k_smooth - 2
    _windows(k, d_smooth, float(d_smooth), begins, n, d)
    k[: min(n, begins + d_smooth - 1)] = np.nan


@njit(types.void(INPUT, INPUT, INPUT, WHOLE, OUTPUT), **OPTIONS)
def cci(
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    close: NDArray[np.float64],
    length: int,
    out: NDArray[np.float64],
) -> None:
    """Mean deviations / 0.015 from the typical price to its mean; 0 where nothing moves. Equals TA-Lib's CCI."""
    n = close.shape[0]
    typical = np.empty(n)
    for i in range(n):
        typical[i] = (high[i] + low[i] + close[i]) / 3.0
    out[:] = np.nan
    _windows(typical, length, float(length), 0, n, out)
    # The mean of equal values is not always that value, so a window in which nothing moved is known by its changes.
    changed = 0
    for i in range(min(n, length - 1)):
        if i > 0 and typical[i] != typical[i - 1]:
            changed = i
    for i in range(length - 1, n):
        if i > 0 and typical[i] != typical[i - 1]:
            changed = i
        mean = out[i]
        # Four sums at a time: one would wait for itself at every step.
        a = b = c = d = 0.0
        j = i - length + 1
        while j + 3 <= i:
            a += abs(typical[j] - mean)
            b += abs(typical[j + 1] - mean)
            c += abs(typical[j + 2] - mean)
            d += abs(typical[j + 3] - mean)
            j += 4
        while j <= i:
            a += abs(typical[j] - mean)
            j += 1
        deviation = (a + b) + (c + d)
        apart = typical[i] - mean
        still = is_zero(apart) or is_zero(deviation) or i - changed >= length - 1
        out[i] = 0.0 if still else apart / (0.015 * (deviation / length))


@njit(types.void(INPUT, INPUT, INPUT, WHOLE, OUTPUT), **OPTIONS)
def willr(
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    close: NDArray[np.float64],
    length: int,
    out: NDArray[np.float64],
) -> None:
    """How far the close is below the highest high, in the range of the last bars: −100 to 0. Equals TA-Lib's WILLR."""
    n = close.shape[0]
    bottom = np.empty(n)
    _extremes(low, length, -1.0, 0, n, bottom)
    out[: min(n, length - 1)] = np.nan
    _extremes(high, length, 1.0, 0, n, out)
    for i in range(length - 1, n):
        reach = out[i] - bottom[i]
        out[i] = -100.0 * (out[i] - close[i]) / reach if reach != 0.0 else 0.0


@njit(types.void(INPUT, WHOLE, OUTPUT), **OPTIONS)
def mom(source: NDArray[np.float64], length: int, out: NDArray[np.float64]) -> None:
    """Change over `length` bars. Equals TA-Lib's MOM."""
    n = source.shape[0]
    out[: min(n, length)] = np.nan
    for i in range(length, n):
        out[i] = source[i] - source[i - length]


@njit(types.void(INPUT, WHOLE, OUTPUT), **OPTIONS)
def roc(source: NDArray[np.float64], length: int, out: NDArray[np.float64]) -> None:
    """Change over `length` bars in percent, 0 where it was 0. Equals TA-Lib's ROC."""
    n = source.shape[0]
    out[: min(n, length)] = np.nan
    for i in range(length, n):
        before = source[i - length]
        changed = (source[i] / before - 1.0) * 100.0
        # Known only where both are; a quotient by zero is neither.
        out[i] = changed if before != 0.0 else 0.0 * source[i]


@njit(types.void(INPUT, INPUT, INPUT, INPUT, WHOLE, OUTPUT), **OPTIONS)
def mfi(
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    close: NDArray[np.float64],
    volume: NDArray[np.float64],
    length: int,
    out: NDArray[np.float64],
) -> None:
    """Share of money that flowed up, 0–100; 0 where none did. Equals TA-Lib's MFI."""
    n = close.shape[0]
    up = np.empty(n)
    down = np.empty(n)
    before = 0.0
    for i in range(n):
        typical = (high[i] + low[i] + close[i]) / 3.0
        flow = typical * volume[i]
        up[i] = flow if typical > before else 0.0
        down[i] = flow if typical < before else 0.0
        before = typical
    out[: min(n, length)] = np.nan
    flowed = -length
    for i in range(min(n, length)):
        if up[i] > 0.0 or down[i] > 0.0:
            flowed = i
    at = length
    while at < n:
        rises = 0.0
        falls = 0.0
        for j in range(at - length + 1, at + 1):
            rises += up[j]
            falls += down[j]
        stop = min(n, at + length)
        for i in range(at, stop):
            if i > at:
                rises += up[i] - up[i - length]
                falls += down[i] - down[i - length]
            if up[i] > 0.0 or down[i] > 0.0:
                flowed = i
            # Sums that went up and down again need not end in a true zero.
            both = rises + falls
            still = i - flowed >= length or is_zero(both)
            out[i] = 0.0 if still else min(100.0, max(0.0, 100.0 * (rises / both)))
        at = stop


@njit(types.void(INPUT, INPUT, OUTPUT), **OPTIONS)
def obv(close: NDArray[np.float64], volume: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Volume added on rises and taken off on falls, from the first bar's on. Equals TA-Lib's OBV."""
    total = 0.0
    for i in range(close.shape[0]):
        if i == 0 or close[i] > close[i - 1]:
            total += volume[i]
        elif close[i] < close[i - 1]:
            total -= volume[i]
        out[i] = total


@njit(types.void(INPUT, INPUT, INPUT, INPUT, DAYS, OUTPUT), **OPTIONS)
def vwap(
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    close: NDArray[np.float64],
    volume: NDArray[np.float64],
    session: NDArray[np.int64],
    out: NDArray[np.float64],
) -> None:
    """Typical price of the session so far, weighted by volume; unknown until some is traded.

    session: (n,) int64, changes where a session begins. Within one session equals TA-Lib's VWAP, which knows none.
    """
    money = 0.0
    traded = 0.0
    for i in range(close.shape[0]):
        if i == 0 or session[i] != session[i - 1]:
            money = 0.0
            traded = 0.0
        money += (high[i] + low[i] + close[i]) / 3.0 * volume[i]
        traded += volume[i]
        out[i] = money / traded if traded > 0.0 else np.nan
