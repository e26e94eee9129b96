"""Postgres's binary arrays of eight-byte values, read as a whole: no value is touched in Python."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.bars import PRICES
from engine.binary_copy import EPOCH_2000

FIELDS = ("time", *PRICES, "volume")
# Dimensions, whether there are NULLs, the type, then length and lower bound of the one dimension: four bytes each.
_HEADER = 20
_WITH_LENGTH = 12


def unpack(columns: Sequence[bytes | None]) -> list[NDArray[Any]]:
    """FIELDS in order: time in nanoseconds UTC, the others float64. None: no rows."""
    time, *prices = columns
    if time is None:
        return [np.empty(0, dtype=np.int64), *(np.empty(0) for _ in prices)]
    return [_values(time, ">i8").astype(np.int64) * 1_000 + EPOCH_2000, *(_values(one, ">f8") for one in prices)]


def _values(array: bytes | None, form: str) -> NDArray[Any]:
    assert array is not None
    dimensions, with_nulls = np.frombuffer(array, dtype=">i4", count=2).tolist()
    count, rest = divmod(len(array) - _HEADER, _WITH_LENGTH)
    if (dimensions, with_nulls, rest) != (1, 0, 0):
        msg = f"not a binary array of eight-byte values: {len(array)} bytes"
        raise ValueError(msg)
    values = np.frombuffer(array, dtype=[("length", ">i4"), ("value", form)], count=count, offset=_HEADER)["value"]
    return values.astype(np.dtype(form).newbyteorder("="))
