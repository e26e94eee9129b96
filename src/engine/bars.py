"""Price bars that are known to be true: checked once when built, never mended in silence."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from engine.errors import BarsRefused
from engine.timeframes import iso_time

PRICES = ("open", "high", "low", "close")


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """One series. Every array is (n,), contiguous and read-only.

    time: int64 nanoseconds UTC at which the bar opens, strictly increasing. open, high, low, close: float64 > 0 with
    low ≤ open, close ≤ high. volume: float64 ≥ 0. Raises BarsRefused with the first bad row and how to mend it.
    """

    time: NDArray[np.int64]
    open: NDArray[np.float64]
    high: NDArray[np.float64]
    low: NDArray[np.float64]
    close: NDArray[np.float64]
    volume: NDArray[np.float64]
    close_only: bool = field(init=False)

    def __post_init__(self) -> None:
        _set(self, "time", _frozen(self.time, np.int64))
        for name in (*PRICES, "volume"):
            _set(self, name, _frozen(getattr(self, name), np.float64))
            if getattr(self, name).shape != self.time.shape:
                raise BarsRefused(
                    min(len(getattr(self, name)), len(self)),
                    when="end of the shorter array",
                    reason=f"{len(getattr(self, name))} values of {name} for {len(self)} times",
                    mend="Give every column the same length.",
                )
        _refuse_first_bad_row(self)
        flat = (self.open == self.close) & (self.high == self.close) & (self.low == self.close)
        _set(self, "close_only", bool(flat.all()))

    @classmethod
    def of_closes(cls, time: ArrayLike, close: ArrayLike) -> "Bars":
        """Close-only bars: open, high and low equal the close, no volume."""
        closes = np.asarray(close, dtype=np.float64)
        return cls(np.asarray(time, dtype=np.int64), closes, closes, closes, closes, np.zeros_like(closes))

    def __len__(self) -> int:
        return len(self.time)

    def between(self, first: int, end: int) -> "Bars":
        """The bars of rows first … end − 1."""
        return Bars(*(getattr(self, name)[first:end] for name in ("time", *PRICES, "volume")))


def _set(bars: Bars, name: str, value: object) -> None:
    object.__setattr__(bars, name, value)


def _frozen(values: ArrayLike, dtype: DTypeLike) -> NDArray[Any]:
    array = np.ascontiguousarray(values, dtype=dtype).view()
    array.flags.writeable = False
    return array


def _refuse_first_bad_row(bars: Bars) -> None:
    """Look at every rule, then name the earliest row that breaks one."""
    found: list[tuple[int, str, str]] = []

    def rule(bad: NDArray[np.bool_], reason: str, mend: str, *, offset: int = 0) -> None:
        if bad.any():
            found.append((int(bad.argmax()) + offset, reason, mend))

    step = np.diff(bars.time)
    rule(step == 0, "the same time as the row before", "Remove one of the two rows.", offset=1)
    rule(step < 0, "earlier than the row before", "Sort the rows by time.", offset=1)
    for name in PRICES:
        values = getattr(bars, name)
        rule(~np.isfinite(values), f"{name} is not a number", "Give the price or remove the row.")
        rule(values <= 0, f"{name} is not above zero", "Give the price or remove the row.")
    rule(~np.isfinite(bars.volume), "volume is not a number", "Write 0 where it is unknown.")
    rule(bars.volume < 0, "volume is below zero", "Write 0 where it is unknown.")
    rule(bars.high < bars.low, "high is below low", "Swap the two or correct the row.")
    for name in ("open", "close"):
        outside = (getattr(bars, name) < bars.low) | (getattr(bars, name) > bars.high)
        rule(outside, f"{name} is outside low … high", "Correct the row.")
    if found:
        row, reason, mend = min(found, key=lambda problem: problem[0])
        raise BarsRefused(row, when=iso_time(int(bars.time[row])), reason=reason, mend=mend)
