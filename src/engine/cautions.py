"""What a reader must know before trusting a result."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.metrics import Measured
from engine.orders import StopKind
from engine.result import Warned, WarningCode
from engine.rules import Strategy
from engine.series import Prices
from engine.simulate import Simulation
from engine.timeframes import iso_time

#: Fewer closed trades than this tell little.
FEW_TRADES = 30
# Costs and the first bar make holding itself a little worse than holding.
MARGIN = 0.01

_REJECTED: Mapping[str, tuple[WarningCode, str]] = {
    "SIZE": ("REJECTED_SIZE", "would have bought less than one lot, or nothing"),
    "CASH": ("REJECTED_CASH", "found no cash to spend"),
    "NO_STOP": ("REJECTED_NO_STOP", "had no loss stop to measure its risk by"),
    "NOT_FINITE": ("REJECTED_NOT_FINITE", "would have been larger than a number can be"),
    "END_OF_DATA": ("REJECTED_END_OF_DATA", "was still waiting for the next open when the prices ended"),
}


def cautions(
    strategy: Strategy, prices: Prices, simulation: Simulation, measured: Measured, trades: NDArray[np.void]
) -> list[Warned]:
    """Of a run that ended, the gravest first."""
    said: list[Warned] = []
    bars, first = prices.bars, simulation.first
    if simulation.ruined_at is not None:
        when = iso_time(int(bars.time[first + simulation.ruined_at]))
        said.append(_warned("RUINED", f"Equity reached zero at {when}; the run ended there.", when=when))
    said += _of_signals(strategy, len(bars), simulation, trades)
    said += _of_trades(trades)
    said += _of_holding(measured, trades, held=float(bars.close[-1] / bars.open[first] - 1))
    said += _of_stops(strategy, prices, simulation)
    for reason, count in simulation.rejected.items():
        code, what = _REJECTED[reason]
        said.append(_warned(code, f"{_orders(count)} {what}.", orders=count))
    if simulation.reduced:
        message = f"{_orders(simulation.reduced)} bought fewer units than asked: too little cash."
        said.append(_warned("REDUCED", message, orders=simulation.reduced))
    return said


def _warned(code: WarningCode, message: str, **figures: str | float) -> Warned:
    return {"code": code, "message": message, "figures": figures}


def _orders(count: int) -> str:
    return f"{count:,} {'order' if count == 1 else 'orders'}"


def _of_signals(strategy: Strategy, bars: int, simulation: Simulation, trades: NDArray[np.void]) -> list[Warned]:
    if strategy.look_back >= bars:
        message = (
            f"Rules look back {strategy.look_back:,} bars and there are only {bars:,}, so no rule was ever decided. "
            "Choose a longer range or shorter lengths."
        )
        return [_warned("LOOK_BACK_EXCEEDS_DATA", message, lookBack=strategy.look_back, bars=bars)]
    if len(trades) == 0 and not simulation.rejected:
        return [_warned("NEVER_ENTERED", "The entry rule was true on no bar of the range, so nothing was traded.")]
    return []


def _of_trades(trades: NDArray[np.void]) -> list[Warned]:
    closed = trades["pnl"][trades["exit"] >= 0]
    said = []
    if 0 < len(closed) < FEW_TRADES:
        plural = "trade" if len(closed) == 1 else "trades"
        message = (
            f"Only {len(closed)} closed {plural}: too few to tell skill from luck, which takes {FEW_TRADES} or more."
        )
        said.append(_warned("FEW_TRADES", message, trades=len(closed), least=FEW_TRADES))
    total = float(closed.sum())
    if len(closed) > 1 and total > 0 and total <= float(closed.max()):
        message = "One trade made all the profit: without it the run would have lost money."
        said.append(_warned("ONE_TRADE_MADE_ALL_PROFIT", message))
    return said


def _of_holding(measured: Measured, trades: NDArray[np.void], *, held: float) -> list[Warned]:
    found = measured.metrics["totalReturn"]
    holds = len(trades) == 1 and (measured.metrics["exposure"] or 0.0) > 0.9
    if found is None or holds or found >= held - MARGIN * max(1.0, abs(held)):
        return []
    message = f"The run returned {found:.1%}; buying on the first bar and holding returned {held:.1%} before costs."
    return [_warned("WORSE_THAN_BUY_AND_HOLD", message, totalReturn=found, held=held)]


def _of_stops(strategy: Strategy, prices: Prices, simulation: Simulation) -> list[Warned]:
    stops = strategy.stops
    said = []
    if prices.series.close_only and any(s.kind != StopKind.NONE for s in (stops.loss, stops.profit, stops.trailing)):
        message = (
            "Prices are closes only, so stops see no highs and lows: they fill at closes, later and at other prices "
            "than in a market."
        )
        said.append(_warned("CLOSE_ONLY_STOPS", message))
    if simulation.ambiguous_bars:
        count = simulation.ambiguous_bars
        bars = f"{count:,} {'bar' if count == 1 else 'bars'}"
        message = f"On {bars} both the loss stop and the profit target were within reach; the loss was taken."
        said.append(_warned("AMBIGUOUS_BARS", message, bars=count))
    return said
