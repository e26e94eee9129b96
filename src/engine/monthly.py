"""Returns by calendar month."""

from itertools import pairwise
from typing import TypedDict

import numpy as np
from numpy.typing import NDArray

EPOCH_YEAR = 1970


class Month(TypedDict):
    """return: a fraction of what the account was worth when the month began. JSON's names."""

    year: int
    month: int
    value: float


def monthly_returns(days: NDArray[np.int64], equity: NDArray[np.float64], initial_capital: float) -> list[Month]:
    """One row for each month that has bars.

    days: (n,) days since 1970, ascending. equity: (n,) at each close, ≥ 0. After ruin a month's return is 0.
    """
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    last = np.append(np.flatnonzero(np.diff(months)), len(months) - 1)
    marks = [initial_capital, *equity[last].tolist()]
    returns = (after / before - 1 if before > 0 else 0.0 for before, after in pairwise(marks))
    return [
        {"year": EPOCH_YEAR + month // 12, "month": month % 12 + 1, "value": value}
        for month, value in zip(months[last].tolist(), returns, strict=True)
    ]
