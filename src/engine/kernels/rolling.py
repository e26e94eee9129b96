"""Windows over one series: sums, means, deviations, extremes.

source: (n,) float64, NaN where unknown. length ≥ 1 bar. out: (n,) float64, written whole, NaN where the window holds a
NaN or is not full. Sums are taken afresh every `length` bars, counted from where the source becomes known, so rounding
never gathers, and later bars change no earlier value.
"""

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from engine.kernels.shared import INPUT, OPTIONS, OUTPUT, REAL, WHOLE, helper, known_run

# Below this share of the largest squared deviation since the anchor, the difference of two sums has lost its digits.
CANCELLED = 1e-4


@helper
def _windows(
    source: NDArray[np.float64], length: int, divisor: float, first: int, end: int, out: NDArray[np.float64]
) -> None:
    """Sums over divisor, for rows first + length − 1 … end − 1 of a stretch that is known."""
    at = first + length - 1
    while at < end:
        total = 0.0
        for j in range(at - length + 1, at + 1):
            total += source[j]
        out[at] = total / divisor
        stop = min(end, at + length)
        for i in range(at + 1, stop):
            total += source[i] - source[i - length]
            out[i] = total / divisor
        at = stop


@njit(types.void(INPUT, WHOLE, OUTPUT), **OPTIONS)
def sma(source: NDArray[np.float64], length: int, out: NDArray[np.float64]) -> None:
    """Arithmetic mean of the last `length` values. Equals TA-Lib's SMA."""
    out[:] = np.nan
    first, end = known_run(source, 0)
    while first < source.shape[0]:
        _windows(source, length, float(length), first, end, out)
        first, end = known_run(source, end)


@njit(types.void(INPUT, WHOLE, OUTPUT), **OPTIONS)
def rolling_sum(source: NDArray[np.float64], length: int, out: NDArray[np.float64]) -> None:
    """Sum of the last `length` values. Equals TA-Lib's SUM."""
    out[:] = np.nan
    first, end = known_run(source, 0)
    while first < source.shape[0]:
        _windows(source, length, 1.0, first, end, out)
        first, end = known_run(source, end)


@njit(types.void(INPUT, WHOLE, OUTPUT), **OPTIONS)
def wma(source: NDArray[np.float64], length: int, out: NDArray[np.float64]) -> None:
    """Mean of the last `length` values with weights 1 (oldest) to `length`. Equals TA-Lib's WMA."""
    out[:] = np.nan
    weights = length * (length + 1) / 2.0
    first, end = known_run(source, 0)
    while first < source.shape[0]:
        at = first + length - 1
        while at < end:
            total = 0.0
            weighted = 0.0
            for j in range(length):
                value = source[at - length + 1 + j]
                total += value
                weighted += (j + 1) * value
            out[at] = weighted / weights
            stop = min(end, at + length)
            for i in range(at + 1, stop):
                weighted += length * source[i] - total
                total += source[i] - source[i - length]
                out[i] = weighted / weights
            at = stop
        first, end = known_run(source, end)


@helper
def _two_pass(source: NDArray[np.float64], first: int, end: int) -> float:
    """Population variance of rows first … end − 1."""
    total = 0.0
    for j in range(first, end):
        total += source[j]
    mean = total / (end - first)
    squares = 0.0
    for j in range(first, end):
        squares += (source[j] - mean) * (source[j] - mean)
    return squares / (end - first)


@helper
def _deviations(source: NDArray[np.float64], length: int, first: int, end: int, out: NDArray[np.float64]) -> None:
    """Population standard deviations of a stretch that is known.

    √(mean(x²) − mean²) loses all digits where a series is quiet. Sums about an anchor that moves every `length` bars
    keep them; where the variance is small beside the largest square they have held, two passes are made instead.
    """
    at = first + length - 1
    while at < end:
        anchor = source[at]
        total = 0.0
        squares = 0.0
        for j in range(at - length + 1, at + 1):
            apart = source[j] - anchor
            total += apart
            squares += apart * apart
        largest = squares
        stop = min(end, at + length)
        for i in range(at, stop):
            if i > at:
                comes = source[i] - anchor
                goes = source[i - length] - anchor
                total += comes - goes
                squares += comes * comes - goes * goes
                largest = max(largest, squares)
            variance = squares - total * total / length
            if variance < CANCELLED * largest:
                variance = _two_pass(source, i - length + 1, i + 1)
            else:
                variance /= length
            out[i] = np.sqrt(variance)
        at = stop


@njit(types.void(INPUT, WHOLE, OUTPUT), **OPTIONS)
def stddev(source: NDArray[np.float64], length: int, out: NDArray[np.float64]) -> None:
    """Population standard deviation of the last `length` values. Equals TA-Lib's STDDEV."""
    out[:] = np.nan
    first, end = known_run(source, 0)
    while first < source.shape[0]:
        _deviations(source, length, first, end, out)
        first, end = known_run(source, end)


@njit(types.void(INPUT, WHOLE, REAL, OUTPUT, OUTPUT, OUTPUT), **OPTIONS)
def bbands(
    source: NDArray[np.float64],
    length: int,
    deviations: float,
    upper: NDArray[np.float64],
    middle: NDArray[np.float64],
    lower: NDArray[np.float64],
) -> None:
    """Bollinger bands: the mean, and so many population deviations around it. Equals TA-Lib's BBANDS."""
    middle[:] = np.nan
    upper[:] = np.nan
    first, end = known_run(source, 0)
    while first < source.shape[0]:
        _windows(source, length, float(length), first, end, middle)
        _deviations(source, length, first, end, upper)
        first, end = known_run(source, end)
    for i in range(source.shape[0]):
        width = deviations * upper[i]
        upper[i] = middle[i] + width
        lower[i] = middle[i] - width


@helper
def _extremes(
    source: NDArray[np.float64], length: int, sign: float, first: int, end: int, out: NDArray[np.float64]
) -> None:
    """The largest of sign · source in each window of a stretch that is known.

    A window spans at most two blocks of `length` bars: the end of one, whose maxima from the right are kept, and the
    beginning of the next, whose running maximum is.
    """
    tails = np.empty(length)
    block = first
    while block < end:
        running = -np.inf
        stop = min(end, block + length)
        for i in range(block, stop):
            running = max(running, sign * source[i])
            into = i - block + 1
            if into == length:
                out[i] = sign * running
            elif block > first:
                out[i] = sign * max(running, tails[into])
        if stop == block + length:
            running = -np.inf
            for j in range(length - 1, -1, -1):
                running = max(running, sign * source[block + j])
                tails[j] = running
        block = stop


@njit(types.void(INPUT, WHOLE, OUTPUT), **OPTIONS)
def highest(source: NDArray[np.float64], length: int, out: NDArray[np.float64]) -> None:
    """Largest of the last `length` values. Equals TA-Lib's MAX."""
    out[:] = np.nan
    first, end = known_run(source, 0)
    while first < source.shape[0]:
        _extremes(source, length, 1.0, first, end, out)
        first, end = known_run(source, end)


@njit(types.void(INPUT, WHOLE, OUTPUT), **OPTIONS)
def lowest(source: NDArray[np.float64], length: int, out: NDArray[np.float64]) -> None:
    """Smallest of the last `length` values. Equals TA-Lib's MIN."""
    out[:] = np.nan
    first, end = known_run(source, 0)
    while first < source.shape[0]:
        _extremes(source, length, -1.0, first, end, out)
        first, end = known_run(source, end)
