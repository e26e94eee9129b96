"""A simulation that goes on in steps: the kernel's arrays, and what they say in the end."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.bars import Bars
from engine.execution import NEXT_OPEN, Execution
from engine.kernels import account as at
from engine.kernels.simulate import simulate
from engine.orders import Costs, Sizing, StopKind, Stops
from engine.signals import Signals
from engine.trades import LONG, SHORT, TRADE, Reason

kernel: Callable[..., None] = simulate

FIRST_ROWS = 64
NO_COSTS, NO_STOPS, ALL_IN = Costs(), Stops(), Sizing()
NOTHING = np.empty(0)
NO_COLUMNS, NO_CODE = np.empty((0, 0)), np.empty((0, 3), dtype=np.int32)

REJECTIONS = {
    "SIZE": at.REJECTED_SIZE,
    "CASH": at.REJECTED_CASH,
    "NO_STOP": at.REJECTED_NO_STOP,
    "NOT_FINITE": at.REJECTED_NOT_FINITE,
}


class Simulation:
    """Orders, stops and the account over bars; see docs/simulation.md for every rule.

    first: the row of the first traded bar; bars before it only warmed the rules up. Stops at any bar and goes on from
    there, also with `money` and `counts` written out and read back: the bits are the same. equity: (bars traded,)
    float64 at each close, filled up to next_bar.
    """

    def __init__(
        self,
        bars: Bars,
        signals: Signals,
        first: int,
        initial_capital: float,
        *,
        costs: Costs = NO_COSTS,
        stops: Stops = NO_STOPS,
        sizing: Sizing = ALL_IN,
        lot: float = 0.0,
        close_at_end: bool = False,
        execution: Execution = NEXT_OPEN,
    ) -> None:
        self.bars = bars
        self.first = first
        self.settings = settings_of(costs, stops, sizing, lot, execution)
        exits = signals.exits
        self.options = options_of(
            -1 if exits is None else exits.long,
            -1 if exits is None else exits.short,
            stops,
            sizing,
            execution,
            first=first,
            close_at_end=close_at_end,
        )
        self.money = np.zeros(at.MONEY)
        self.money[at.CASH] = initial_capital
        self.counts = np.zeros(at.COUNTS, dtype=np.int64)
        self.counts[at.RUINED_AT] = -1
        self.equity = np.empty(len(bars) - first)
        self._inputs = _inputs(bars, signals, stops)
        self._rows = np.empty(0, dtype=TRADE)
        self._make_room(FIRST_ROWS)

    def __len__(self) -> int:
        return len(self.equity)

    def advance(self, stop: int) -> None:
        """Simulate up to bar stop − 1."""
        stop = min(stop, len(self))
        while True:
            kernel(*self._arguments, stop)
            if self.next_bar >= stop:
                return
            self._make_room(2 * len(self._rows))

    def _make_room(self, rows: int) -> None:
        """For so many trades, those made so far among them."""
        grown = np.empty(rows, dtype=TRADE)
        made = int(self.counts[at.TRADES])
        if made:
            grown[:made] = self._rows[:made]
        self._rows = grown
        codes, amounts = grown.view(np.int64).reshape(rows, -1), grown.view(np.float64).reshape(rows, -1)
        state = (self.settings, self.options, self.money, self.counts, self.equity)
        self._arguments: tuple[Any, ...] = (*self._inputs, *state, codes, amounts)

    @property
    def next_bar(self) -> int:
        return int(self.counts[at.NEXT])

    @property
    def is_done(self) -> bool:
        return self.next_bar >= len(self)

    @property
    def has_position(self) -> bool:
        return bool(self.money[at.UNITS] != 0.0)

    @property
    def ruined_at(self) -> int | None:
        row = int(self.counts[at.RUINED_AT])
        return None if row < 0 else row

    @property
    def bars_held(self) -> int:
        return int(self.counts[at.BARS_HELD])

    @property
    def ambiguous_bars(self) -> int:
        """Bars within which both the loss and the profit level were reached; the loss was taken."""
        return int(self.counts[at.AMBIGUOUS])

    @property
    def reduced(self) -> int:
        """Orders filled with fewer units than they wanted, as the account could not afford more."""
        return int(self.counts[at.REDUCED])

    @property
    def rejected(self) -> dict[str, int]:
        """Orders that were not filled, or of a reversal only closed the old position, by reason."""
        counted = {reason: int(self.counts[slot]) for reason, slot in REJECTIONS.items()}
        counted["END_OF_DATA"] = int(self.is_done and self.counts[at.ORDER] != at.NO_ORDER)
        return {reason: count for reason, count in counted.items() if count}

    def trades(self) -> NDArray[np.void]:
        """All round trips, then the open one, marked at the last close."""
        made = int(self.counts[at.TRADES])
        if not self.has_position:
            return self._rows[:made].copy()
        rows = np.empty(made + 1, dtype=TRADE)
        rows[:made] = self._rows[:made]
        rows[made] = self._open_trade()
        return rows

    def _open_trade(self) -> tuple[float, ...]:
        _, units, price, fee, lowest, highest, *_ = self.money.tolist()
        side, size = (LONG, units) if units > 0 else (SHORT, -units)
        pnl = units * (float(self.bars.close[self.first + self.next_bar - 1]) - price) - fee
        worst, best = (lowest, highest) if units > 0 else (highest, lowest)
        mae, mfe = side * (worst / price - 1.0), side * (best / price - 1.0)
        entry = int(self.counts[at.ENTRY_BAR])
        return (entry, -1, side, Reason.OPEN, size, price, np.nan, fee, 0.0, pnl, pnl / (size * price), mae, mfe)


def settings_of(costs: Costs, stops: Stops, sizing: Sizing, lot: float, execution: Execution) -> NDArray[np.float64]:
    """The kernel's settings, (SETTINGS,)."""
    trails_extreme = execution.trailing_from_extreme and stops.trailing.kind == StopKind.PERCENT
    return np.array(
        (
            costs.commission,
            costs.fixed,
            costs.minimum,
            costs.per_unit,
            costs.slippage,
            costs.slippage if execution.exits_slip else 0.0,
            costs.slippage if execution.stops_slip else 0.0,
            sizing.value,
            lot,
            stops.loss.value,
            stops.profit.value,
            stops.trailing.value,
            stops.trailing.value if trails_extreme else 0.0,
        )
    )


def options_of(
    exit_long: int,
    exit_short: int,
    stops: Stops,
    sizing: Sizing,
    execution: Execution,
    *,
    first: int,
    close_at_end: bool,
) -> NDArray[np.int64]:
    """The kernel's options. exit_long, exit_short: registers of the exit program, −1 for none."""
    return np.array(
        (
            first,
            sizing.mode,
            stops.loss.kind,
            stops.profit.kind,
            stops.trailing.kind,
            close_at_end,
            exit_long,
            exit_short,
            execution.fill,
            execution.stops_from_entry_bar,
            execution.stops_before_orders,
            execution.stop_base,
            execution.open_first,
            execution.one_order_reversal,
            execution.sizing,
        ),
        dtype=np.int64,
    )


def _inputs(bars: Bars, signals: Signals, stops: Stops) -> tuple[NDArray[Any], ...]:
    """What the kernel reads, in its order. The kernel trusts lengths, so they are looked at here."""
    known = (
        ("loss", stops.loss, signals.loss),
        ("profit", stops.profit, signals.profit),
        ("trailing", stops.trailing, signals.trailing),
    )
    distances: list[NDArray[np.float64]] = []
    for name, stop, given in known:
        if stop.kind == StopKind.ATR and given is None:
            raise ValueError(f"the {name} stop hangs on the ATR; give its distances in Signals.{name}.")
        distances.append(NOTHING if given is None or stop.kind != StopKind.ATR else given)
    exits = signals.exits
    program: list[NDArray[Any]] = [NO_COLUMNS, NOTHING, NO_CODE]
    if exits is not None:
        program = [exits.columns, exits.constants, exits.code]
    by_bar: tuple[NDArray[Any], ...] = (signals.flags, *distances, program[0])
    for array in by_bar:
        if array.size and array.shape[-1] != len(bars):
            raise ValueError(f"signals over {array.shape[-1]} bars for {len(bars)} bars of prices.")
    return (bars.open, bars.high, bars.low, bars.close, signals.flags, *distances, *program)
