"""A simulation that goes on in steps: the kernel's arrays, and what they say in the end."""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.bars import Bars
from engine.kernels import simulate as kernel
from engine.orders import Costs, Sizing, Stops
from engine.signals import ENTRY_LONG, EXIT_LONG, Signals
from engine.trades import LONG, TRADE, Reason

MONEY = ("units", "entry_price", "exit_price", "entry_fee", "exit_fee", "pnl", "return")


@dataclass(slots=True)
class Simulation:
    """Long only, all in, signals filled at the next open.

    first: the row of the first traded bar; bars before it only warmed the rules up. Stops at any bar and goes on from
    there: the bits are the same.
    """

    bars: Bars
    signals: Signals
    first: int
    initial_capital: float
    costs: Costs = Costs()
    stops: Stops = Stops()
    sizing: Sizing = Sizing()
    lot: float = 0.0
    close_at_end: bool = False
    open: NDArray[np.float64] = field(init=False)
    close: NDArray[np.float64] = field(init=False)
    entry: NDArray[np.uint8] = field(init=False)
    leave: NDArray[np.uint8] = field(init=False)
    money: NDArray[np.float64] = field(init=False)
    counts: NDArray[np.int64] = field(init=False)
    equity: NDArray[np.float64] = field(init=False)
    trade_bars: NDArray[np.int64] = field(init=False)
    trade_money: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        self.open, self.close = self.bars.open[self.first :], self.bars.close[self.first :]
        flags = self.signals.flags[self.first :]
        self.entry, self.leave = (flags & ENTRY_LONG) > 0, (flags & EXIT_LONG) > 0
        self.entry, self.leave = self.entry.astype(np.uint8), self.leave.astype(np.uint8)
        self.money = np.zeros(kernel.MONEY)
        self.money[kernel.CASH] = self.initial_capital
        self.counts = np.zeros(kernel.COUNTS, dtype=np.int64)
        self.counts[kernel.RUINED_AT] = -1
        self.equity = np.zeros(len(self))
        # A trade takes an entry and an exit signal on bars of their own.
        most = min(np.count_nonzero(self.entry), np.count_nonzero(self.leave))
        self.trade_bars = np.zeros((most, 2), dtype=np.int64)
        self.trade_money = np.zeros((most, kernel.TRADE_MONEY))

    def __len__(self) -> int:
        return len(self.close)

    def advance(self, stop: int) -> None:
        """Simulate up to bar stop − 1."""
        kernel.simulate(
            self.open,
            self.close,
            self.entry,
            self.leave,
            self.costs.commission,
            self.costs.slippage,
            self.money,
            self.counts,
            self.equity,
            self.trade_bars,
            self.trade_money,
            min(stop, len(self)),
        )

    @property
    def next_bar(self) -> int:
        return int(self.counts[kernel.NEXT])

    @property
    def is_done(self) -> bool:
        return self.next_bar >= len(self)

    @property
    def has_position(self) -> bool:
        return bool(self.money[kernel.UNITS] > 0)

    @property
    def ruined_at(self) -> int | None:
        row = int(self.counts[kernel.RUINED_AT])
        return None if row < 0 else row

    @property
    def bars_held(self) -> int:
        return int(self.counts[kernel.BARS_HELD])

    @property
    def rejected(self) -> dict[str, int]:
        """Orders that were never filled, by reason."""
        counted = {
            "SIZE": int(self.counts[kernel.REJECTED_SIZE]),
            "END_OF_DATA": int(self.counts[kernel.ORDER] != kernel.NO_ORDER),
        }
        return {reason: count for reason, count in counted.items() if count}

    def trades(self) -> NDArray[np.void]:
        """All round trips, then the open one, marked at the last close."""
        closed = int(self.counts[kernel.TRADES])
        rows = np.zeros(closed + self.has_position, dtype=TRADE)
        rows["entry"][:closed] = self.trade_bars[:closed, kernel.ENTRY]
        rows["exit"][:closed] = self.trade_bars[:closed, kernel.EXIT]
        rows["side"] = LONG
        rows["reason"] = Reason.SIGNAL
        for column, name in enumerate(MONEY):
            rows[name][:closed] = self.trade_money[:closed, column]
        if self.has_position:
            rows[-1] = self._open_trade()
        return rows

    def _open_trade(self) -> tuple[float, ...]:
        units, price, fee = (float(self.money[at]) for at in (kernel.UNITS, kernel.ENTRY_PRICE, kernel.ENTRY_FEE))
        spent = units * price
        pnl = units * float(self.close[-1]) - spent - fee
        entry = int(self.counts[kernel.ENTRY_BAR])
        return (entry, -1, LONG, Reason.OPEN, units, price, np.nan, fee, 0.0, pnl, pnl / spent, 0.0, 0.0)
