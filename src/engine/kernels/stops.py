"""Stops: where they are placed, how a trailing one follows, and which a bar hits first."""

import numpy as np
from numba import njit

from engine.kernels.account import (
    ABOVE,
    AMBIGUOUS,
    BELOW,
    FIXED_LOSS,
    HIGHEST,
    LOWEST,
    OF_ATR,
    OF_MONEY,
    OF_PRICE,
    OPEN_FIRST,
    STOP_LOSS,
    STOP_SLIPPAGE,
    TAKE_PROFIT,
    TRAIL,
    TRAILING_SHARE,
    TRAILING_STOP,
    UNITS,
    Floats,
    Integers,
    leave_at_market,
)


@njit(cache=True, nogil=True, error_model="numpy")
def distance(kind: int, value: float, at_signal: Floats, signal: int, base: float) -> float:
    """In money per unit; infinite where there is no such stop."""
    if kind == OF_PRICE:
        return value * base
    if kind == OF_MONEY:
        return value
    if kind == OF_ATR:
        return float(at_signal[signal])
    return np.inf


@njit(cache=True, nogil=True, error_model="numpy")
def place(base: float, loss: float, profit: float, trail: float, settings: Floats, money: Floats) -> None:
    """Set the levels of a position just opened, at distances from a base."""
    money[TRAIL] = 0.0 if settings[TRAILING_SHARE] > 0.0 else trail
    if money[UNITS] > 0.0:
        money[FIXED_LOSS] = money[BELOW] = base - loss
        money[ABOVE] = base + profit
    else:
        money[FIXED_LOSS] = money[ABOVE] = base + loss
        money[BELOW] = base - profit
    follow(settings, money)


@njit(cache=True, nogil=True, error_model="numpy")
def follow(settings: Floats, money: Floats) -> None:
    """Move the loss level after the best price so far; it only ever comes closer."""
    share, trail = settings[TRAILING_SHARE], money[TRAIL]
    if money[UNITS] > 0.0:
        money[BELOW] = max(money[BELOW], money[HIGHEST] * (1.0 - share) - trail)
    else:
        money[ABOVE] = min(money[ABOVE], money[LOWEST] * (1.0 + share) + trail)


@njit(cache=True, nogil=True, error_model="numpy")
def stop_out(
    open_: float,
    high: float,
    low: float,
    bar: int,
    settings: Floats,
    options: Integers,
    money: Floats,
    counts: Integers,
    codes: Integers,
    amounts: Floats,
) -> bool:
    """Close the position if the bar reaches one of its levels; whether it did.

    An open beyond a level fills there. Where the bar reaches both levels after its open, the loss is taken and counted
    as ambiguous. A loss is a market order and slips; a profit is a limit order and does not.
    """
    below, above = money[BELOW], money[ABOVE]
    falls, rises = low <= below, high >= above
    if not (falls or rises):
        return False
    is_long = money[UNITS] > 0.0
    if falls and rises:
        opens_at_profit = open_ >= above if is_long else open_ <= below
        if options[OPEN_FIRST] == 1 and opens_at_profit:
            falls, rises = not is_long, is_long
        else:
            falls, rises = is_long, not is_long
            opens_at_loss = open_ <= below if is_long else open_ >= above
            if not (opens_at_loss or opens_at_profit):
                counts[AMBIGUOUS] += 1
    price = min(open_, below) if falls else max(open_, above)
    if falls != is_long:
        leave_at_market(price, 0.0, bar, TAKE_PROFIT, settings, money, counts, codes, amounts)
        return True
    moved = below > money[FIXED_LOSS] if is_long else above < money[FIXED_LOSS]
    reason = TRAILING_STOP if moved else STOP_LOSS
    leave_at_market(price, settings[STOP_SLIPPAGE], bar, reason, settings, money, counts, codes, amounts)
    return True
