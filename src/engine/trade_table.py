"""A run's trades as people read them: a row of them written out, and all of them in any order."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.timeframes import iso_time
from engine.trades import LONG, Reason

Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class TradeTable:
    """rows: (m,) TRADE, an open one last. time: (n,) int64, when each bar that they count by opens."""

    rows: NDArray[np.void]
    time: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.rows)

    def at(self, numbers: Iterable[int]) -> list[dict[str, Any]]:
        """Those trades, JSON-able, with ISO times; members as COLUMNS names them."""
        return [_written(self.rows[number], self.time) for number in numbers]

    def order(self, column: str, *, descending: bool = False) -> list[int]:
        """Numbers of all trades by that one of COLUMNS. What a trade does not have yet is last either way.

        Equal ones stay as they were entered.
        """
        values = _VALUES[column](self)
        ordered: list[int] = np.argsort(-values if descending else values, kind="stable").tolist()
        return ordered

    @property
    def is_open(self) -> NDArray[np.bool_]:
        return np.asarray(self.rows["exit"] < 0)

    @property
    def last(self) -> NDArray[np.int64]:
        """The bar of each exit; of an open trade the newest there is."""
        return np.where(self.is_open, len(self.time) - 1, self.rows["exit"])


def _of(name: str) -> Callable[[TradeTable], Values]:
    return lambda table: table.rows[name].astype(np.float64)


def _closed(values: Callable[[TradeTable], Values]) -> Callable[[TradeTable], Values]:
    return lambda table: np.where(table.is_open, np.nan, values(table))


def _reasons(table: TradeTable) -> Values:
    """By their names, as they are shown."""
    names = sorted(reason.name for reason in Reason)
    place = np.array([names.index(reason.name) for reason in Reason], dtype=np.float64)
    return np.asarray(place[table.rows["reason"]])


# As `_written` writes them.
_VALUES: Mapping[str, Callable[[TradeTable], Values]] = {
    "side": lambda table: -table.rows["side"].astype(np.float64),
    "isOpen": lambda table: table.is_open.astype(np.float64),
    "entryTime": _of("entry"),
    "exitTime": _closed(_of("exit")),
    "units": _of("units"),
    "entryPrice": _of("entry_price"),
    "exitPrice": _closed(_of("exit_price")),
    "fees": lambda table: table.rows["entry_fee"] + table.rows["exit_fee"],
    "pnl": _of("pnl"),
    "return": _of("return"),
    "barsHeld": lambda table: (table.last - table.rows["entry"] + table.is_open).astype(np.float64),
    "mae": _of("mae"),
    "mfe": _of("mfe"),
    "exitReason": _closed(_reasons),
}
COLUMNS = tuple(_VALUES)


def _written(row: np.void, time: NDArray[np.int64]) -> dict[str, Any]:
    is_open = int(row["exit"]) < 0
    last = len(time) - 1 if is_open else int(row["exit"])
    return {
        "side": "long" if row["side"] == LONG else "short",
        "isOpen": is_open,
        "entryTime": iso_time(int(time[row["entry"]])),
        "exitTime": None if is_open else iso_time(int(time[last])),
        "units": float(row["units"]),
        "entryPrice": float(row["entry_price"]),
        "exitPrice": None if is_open else float(row["exit_price"]),
        "fees": float(row["entry_fee"] + row["exit_fee"]),
        "pnl": float(row["pnl"]),
        "return": float(row["return"]),
        "barsHeld": last - int(row["entry"]) + int(is_open),
        "mae": float(row["mae"]),
        "mfe": float(row["mfe"]),
        "exitReason": None if is_open else Reason(row["reason"]).name.lower(),
    }
