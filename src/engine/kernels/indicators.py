"""Indicators over one series: (n,) float64 in, (n,) float64 out, NaN while the window is not full of known values."""

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

INPUT = types.Array(types.float64, 1, "C", readonly=True)
SERIES = types.float64[::1]


@njit(SERIES(INPUT, types.int64), cache=True, nogil=True, error_model="numpy")
def sma(source: NDArray[np.float64], length: int) -> NDArray[np.float64]:
    """Arithmetic mean of the last `length` values.

    source: (n,) float64, NaN where unknown. length: ≥ 1 bar. Returns (n,) float64, NaN where the window holds a NaN or
    is not full. The running sum is taken afresh every `length` bars, so rounding never gathers and a large value is
    forgotten. Source: equals TA-Lib's SMA.
    """
    n = source.shape[0]
    out = np.full(n, np.nan)
    total = 0.0
    unknown = 0
    for i in range(n):
        first = i
        if i % length == 0:
            total = 0.0
            unknown = 0
            first = max(0, i - length + 1)
        elif i >= length:
            leaving = source[i - length]
            if np.isnan(leaving):
                unknown -= 1
            else:
                total -= leaving
        for j in range(first, i + 1):
            if np.isnan(source[j]):
                unknown += 1
            else:
                total += source[j]
        if i >= length - 1 and unknown == 0:
            out[i] = total / length
    return out
