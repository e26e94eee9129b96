"""Postgres's binary COPY format for rows of bars, written as a whole: no row is touched in Python."""

import numpy as np

from engine.bars import PRICES, Bars

_SIGNATURE = b"PGCOPY\n\xff\r\n\0"
_HEADER = _SIGNATURE + b"\0\0\0\0" + b"\0\0\0\0"
_TRAILER = b"\xff\xff"
# Postgres counts microseconds from 2000-01-01.
EPOCH_2000 = 946_684_800_000_000_000
_FIELDS = ("time", *PRICES, "volume")

# Every field is its length (always 8), then its value, all big-endian.
ROW = np.dtype(
    [("fields", ">i2")]
    + [item for name in _FIELDS for item in ((f"{name}_length", ">i4"), (name, ">i8" if name == "time" else ">f8"))]
)


def pack(bars: Bars) -> bytes:
    """The stream that `copy … from stdin (format binary)` takes. Times lose what is below a microsecond."""
    rows = np.zeros(len(bars), dtype=ROW)
    rows["fields"] = len(_FIELDS)
    for name in _FIELDS:
        rows[f"{name}_length"] = 8
        rows[name] = (bars.time - EPOCH_2000) // 1_000 if name == "time" else getattr(bars, name)
    return _HEADER + rows.tobytes() + _TRAILER
