"""What kernels of indicators share: the types of their arrays, and where a series is known without a gap."""

from typing import Any

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

INPUT = types.Array(types.float64, 1, "C", readonly=True)
OUTPUT = types.float64[::1]
DAYS = types.Array(types.int64, 1, "C", readonly=True)
WHOLE = types.int64
REAL = types.float64

OPTIONS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}

# For what only other kernels call: compiled with them.
helper = njit(cache=True, nogil=True, error_model="numpy")

# What TA-Lib takes for zero in a denominator.
ZERO = 1e-14


@helper
def known_run(source: NDArray[np.float64], at: int) -> tuple[int, int]:
    """First row and end of the next stretch without a NaN, from row `at` on; (n, n) when there is none."""
    n = source.shape[0]
    first = at
    while first < n and np.isnan(source[first]):
        first += 1
    end = first
    while end < n and not np.isnan(source[end]):
        end += 1
    return first, end


@helper
def is_zero(value: float) -> bool:
    return -ZERO < value < ZERO
