"""Which column of a price file is which, by the names that files in the wild have."""

from collections.abc import Sequence
from dataclasses import dataclass

from engine.bars import PRICES

DATE = ("date", "day", "trade date", "trading day")
CLOCK = ("time", "hour")
MOMENT = ("datetime", "date time", "timestamp", "open time", "time utc", "unix", "ts", "t")
#: Of each price, the best name first: where a file has several, that one is read.
NAMES = {
    "open": ("open", "open price", "o", "first"),
    "high": ("high", "high price", "h", "max"),
    "low": ("low", "low price", "l", "min"),
    "close": ("close", "close price", "c", "last", "close last", "price"),
    "volume": ("volume", "vol", "v", "vol.", "volume traded"),
}


@dataclass(frozen=True, slots=True)
class Columns:
    """Where a row's values are. clock: the hour, where it has a column of its own beside the date's.

    prices: open, high, low, close, or the close alone.
    """

    time: int
    clock: int | None
    prices: tuple[int, ...]
    volume: int | None

    @property
    def numbers(self) -> tuple[int, ...]:
        return self.prices if self.volume is None else (*self.prices, self.volume)


def plain(cell: str) -> str:
    """A column's name without case, brackets and the signs that stand for a space: <DATE>, Open_Price, Close/Last."""
    for sign in "_/-":
        cell = cell.replace(sign, " ")
    return " ".join(cell.strip("<>[]\"' \t").lower().split())


def recognise(header: Sequence[str]) -> Columns | tuple[str, str]:
    """The columns, or why there are none and the mend."""
    names = [plain(cell) for cell in header]

    def find(*wanted: str) -> int | None:
        return next((names.index(name) for name in wanted if name in names), None)

    clock = None
    when = find(*DATE)
    if when is not None:
        clock = find(*CLOCK)
    else:
        when = find(*MOMENT, *CLOCK)
    if when is None:
        return "no date or time column", "Name one of the columns date, time, datetime or timestamp."
    found = {price: find(*known) for price, known in NAMES.items()}
    if found["close"] is None:
        return "no close column", "Name the closing prices' column close."
    missing = [name for name in PRICES if found[name] is None]
    if missing and missing != ["open", "high", "low"]:
        return f"no {' and no '.join(missing)} column", "Give open, high, low and close, or the close alone."
    prices = ("close",) if missing else PRICES
    return Columns(when, clock, tuple(at for name in prices if (at := found[name]) is not None), found["volume"])
