"""docs/simulation.md as plain Python, slow and obvious: what the kernels are held against."""

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from engine.bars import Bars
from engine.opcodes import ExitProgram, Op
from engine.orders import Costs, Sizing, SizingMode, Stop, StopKind, Stops
from engine.signals import ENTRY_LONG, ENTRY_SHORT, EXIT_LONG, EXIT_SHORT, Signals
from engine.trades import Reason


@dataclass
class Oracle:
    bars: Bars
    signals: Signals
    first: int
    cash: float
    costs: Costs
    stops: Stops
    sizing: Sizing
    lot: float
    close_at_end: bool
    equity: list[float] = field(default_factory=list)
    trades: list[dict[str, Any]] = field(default_factory=list)
    rejected: Counter[str] = field(default_factory=Counter)
    position: dict[str, Any] | None = None
    ambiguous_bars: int = 0
    reduced: int = 0
    bars_held: int = 0
    ruined_at: int | None = None

    def run(self) -> "Oracle":
        order = None
        for row in range(self.first, len(self.bars)):
            bar = {name: float(getattr(self.bars, name)[row]) for name in ("open", "high", "low", "close")}
            self.now = row - self.first
            self.fill(order, bar["open"], row - 1)
            if self.position:
                self.test_stops(**bar)
            if self.position:
                self.position["lowest"] = min(self.position["lowest"], bar["low"])
                self.position["highest"] = max(self.position["highest"], bar["high"])
            is_last = row == len(self.bars) - 1
            if is_last and self.close_at_end and self.position:
                self.sell_or_cover(bar["close"], Reason.END_OF_DATA)
            value = self.worth(bar["close"])
            if value <= 0:
                if self.position:
                    self.book(bar["close"], 0.0, Reason.RUIN)
                self.ruined_at = self.now
                self.equity += [0.0] * (len(self.bars) - row)
                return self
            self.equity.append(value)
            self.bars_held += self.position is not None
            order = self.decide(row, bar["close"])
        if order:
            self.rejected["END_OF_DATA"] += 1
        if self.position:
            self.trades.append(self.position | self.facts(bar["close"], 0.0) | {"exit": -1, "reason": Reason.OPEN})
        return self

    # Signals

    def decide(self, row: int, close: float) -> str | None:
        flags = int(self.signals.flags[row])
        said = {
            "long": bool(flags & ENTRY_LONG),
            "leave long": bool(flags & EXIT_LONG),
            "short": bool(flags & ENTRY_SHORT),
            "leave short": bool(flags & EXIT_SHORT),
        }
        side = self.position["side"] if self.position else 0
        if self.position and self.signals.exits:
            register = self.signals.exits.long if side > 0 else self.signals.exits.short
            if register >= 0:
                said["leave long" if side > 0 else "leave short"] |= self.program(
                    self.signals.exits, register, row, close
                )
        for pair in (("long", "leave long"), ("short", "leave short"), ("long", "short")):
            if all(said[name] for name in pair):
                said |= dict.fromkeys(pair, False)
        if side != 1 and said["long"]:
            return "long"
        if side != -1 and said["short"]:
            return "short"
        if (side == 1 and said["leave long"]) or (side == -1 and said["leave short"]):
            return "flat"
        return None

    def program(self, exits: ExitProgram, register: int, row: int, close: float) -> bool:
        assert self.position
        price = self.position["entry_price"]
        known = [self.now - self.position["entry"], price, self.position["side"] * (close / price - 1)]
        registers = [*exits.columns[:, row].tolist(), *exits.constants.tolist(), *known]
        for op, a, b in exits.code.tolist():
            registers.append(combine(Op(op), registers[a], registers[b]))
        return bool(registers[register] == 1.0)

    # Orders

    def fill(self, order: str | None, open_: float, signal: int) -> None:
        if order == "flat":
            self.sell_or_cover(open_, Reason.SIGNAL)
        elif order:
            self.enter(1 if order == "long" else -1, open_, signal)

    def enter(self, side: int, open_: float, signal: int) -> None:
        price = open_ * (1 + side * self.costs.slippage)
        closing = self.position["units"] if self.position else 0.0
        owed = (self.costs.commission * price + self.costs.per_unit) * closing
        equity = self.worth(price) - owed
        away = {name: self.distance(name, price, signal) for name in ("loss", "profit", "trailing")}
        try:
            units = self.units(price, closing, owed, equity, away)
        except Rejected as refused:
            self.rejected[str(refused)] += 1
            if self.position:
                self.sell_or_cover(open_, Reason.REVERSAL)
            return
        whole = self.commission(price, closing + units)
        cash = equity + owed - whole - side * units * price
        if self.position:
            self.book(price, whole * closing / (closing + units), Reason.REVERSAL)
        self.cash = cash
        self.position = {
            "side": side,
            "units": units,
            "entry": self.now,
            "entry_price": price,
            "entry_fee": whole * units / (closing + units),
            "lowest": price,
            "highest": price,
            "away": {name: distance for name, distance in away.items() if distance is not None},
        }

    def distance(self, name: str, price: float, signal: int) -> float | None:
        stop: Stop = getattr(self.stops, name)
        match stop.kind:
            case StopKind.NONE:
                return None
            case StopKind.PERCENT:
                return stop.value * price
            case StopKind.PRICE:
                return stop.value
            case StopKind.ATR:
                return float(getattr(self.signals, name)[signal])

    def units(self, price: float, closing: float, owed: float, equity: float, away: dict[str, float | None]) -> float:
        if any(distance is not None and not distance > 0 for distance in away.values()):
            raise Rejected("NO_STOP")
        nearest = min(away["loss"] or math.inf, away["trailing"] or math.inf)
        if self.sizing.mode == SizingMode.RISK and nearest == math.inf:
            raise Rejected("NO_STOP")
        most = self.affordable(equity, price, closing, owed)
        match self.sizing.mode:
            case SizingMode.PERCENT:
                wanted = self.affordable(self.sizing.value * equity, price, closing, owed)
            case SizingMode.CASH:
                wanted = self.affordable(self.sizing.value, price, closing, owed)
            case SizingMode.UNITS:
                wanted = self.sizing.value
            case SizingMode.RISK:
                wanted = self.sizing.value * equity / nearest
        units = min(wanted, most)
        if self.lot:
            units = math.floor(units / self.lot * (1 + 1e-12)) * self.lot
        if units * price <= 0:
            raise Rejected("SIZE")
        self.reduced += wanted > most * (1 + 1e-12)
        return units

    def affordable(self, money: float, price: float, closing: float, owed: float) -> float:
        """Units whose notional and commission, on top of what closing owes, are this money: by halving."""
        if self.commission(price, closing) - owed >= money:
            raise Rejected("CASH")
        low, high = 0.0, money / price
        for _ in range(200):
            middle = (low + high) / 2
            cost = middle * price + self.commission(price, closing + middle) - owed
            low, high = (middle, high) if cost <= money else (low, middle)
        return low

    def commission(self, price: float, units: float) -> float:
        costs = self.costs
        return max(costs.minimum, costs.commission * units * price + costs.per_unit * units + costs.fixed)

    def sell_or_cover(self, price: float, reason: Reason, *, slips: bool = True) -> None:
        assert self.position
        if slips:
            price *= 1 - self.position["side"] * self.costs.slippage
        self.book(price, self.commission(price, self.position["units"]), reason)

    # Stops

    def test_stops(self, *, open: float, high: float, low: float, close: float) -> None:  # noqa: A002
        position = self.position
        assert position
        side, away, start = position["side"], position["away"], position["entry_price"]
        best = position["highest"] if side > 0 else position["lowest"]
        losses = {}
        if "loss" in away:
            losses[Reason.STOP_LOSS] = start - side * away["loss"]
        if "trailing" in away:
            losses[Reason.TRAILING_STOP] = best - side * away["trailing"]
        # Seen from the position: up is good for it.
        opens, worst, most = (open, low, high) if side > 0 else (-open, -high, -low)
        reason, level = max(losses.items(), key=lambda loss: side * loss[1], default=(None, -side * math.inf))
        if len(losses) == 2 and losses[Reason.STOP_LOSS] == losses[Reason.TRAILING_STOP]:
            reason = Reason.STOP_LOSS
        target = start + side * away["profit"] if "profit" in away else side * math.inf
        if opens <= side * level and reason:
            self.sell_or_cover(open, reason)
        elif opens >= side * target:
            self.sell_or_cover(open, Reason.TAKE_PROFIT, slips=False)
        elif worst <= side * level and reason:
            self.ambiguous_bars += most >= side * target
            self.sell_or_cover(level, reason)
        elif most >= side * target:
            self.sell_or_cover(target, Reason.TAKE_PROFIT, slips=False)

    # The account

    def worth(self, price: float) -> float:
        return self.cash + (self.position["side"] * self.position["units"] * price if self.position else 0.0)

    def facts(self, price: float, fee: float) -> dict[str, float]:
        position = self.position
        assert position
        side, start, money = position["side"], position["entry_price"], position["units"] * position["entry_price"]
        pnl = side * position["units"] * (price - start) - position["entry_fee"] - fee
        prices = [price, position["lowest"], position["highest"]]
        moves = [side * (seen / start - 1) for seen in prices]
        return {"exit_fee": fee, "pnl": pnl, "return": pnl / money, "mae": min(moves), "mfe": max(moves)}

    def book(self, price: float, fee: float, reason: Reason) -> None:
        position = self.position
        assert position
        left = self.worth(price)
        if left <= 0:
            price, fee, reason = -self.cash / (position["side"] * position["units"]), 0.0, Reason.RUIN
        elif left <= fee:
            fee, reason = left, Reason.RUIN
        closed = {"exit": self.now, "exit_price": price, "reason": reason}
        self.trades.append(position | self.facts(price, fee) | closed)
        self.cash = 0.0 if reason == Reason.RUIN else left - fee
        self.position = None


class Rejected(Exception):
    pass


def combine(op: Op, a: float, b: float) -> float:  # noqa: PLR0911 one line for each kind
    if op is Op.AND:
        return 0.0 if 0.0 in (a, b) else a * b
    if op is Op.OR:
        return 1.0 if 1.0 in (a, b) else a + b
    if op is Op.NOT:
        return 1.0 - a
    if op is Op.ABS:
        return abs(a)
    if math.isnan(a) or math.isnan(b):
        return math.nan
    compared = {Op.GT: a > b, Op.GE: a >= b, Op.LT: a < b, Op.LE: a <= b, Op.EQ: a == b, Op.NE: a != b}
    if op in compared:
        return float(compared[op])
    if op is Op.DIV and b == 0:
        return math.nan
    result = {
        Op.ADD: lambda: a + b,
        Op.SUB: lambda: a - b,
        Op.MUL: lambda: a * b,
        Op.DIV: lambda: a / b,
        Op.MIN: lambda: min(a, b),
        Op.MAX: lambda: max(a, b),
    }[op]()
    return result if math.isfinite(result) else math.nan
