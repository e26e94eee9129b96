"""What an account is between two bars, and how one order changes it. The layout of the simulation's arrays."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# settings: float64, never written. The slippages are fractions of the price; LOSS, PROFIT, TRAILING the stops' values;
# TRAILING_SHARE a trailing stop's distance where it is a fraction of the best price so far, else 0.
COMMISSION, FIXED, MINIMUM, PER_UNIT, ENTRY_SLIPPAGE, EXIT_SLIPPAGE, STOP_SLIPPAGE = range(7)
SIZE, LOT, LOSS, PROFIT, TRAILING, TRAILING_SHARE = range(7, 13)
SETTINGS = 13

# options: int64, never written. FIRST: the row of the first traded bar. EXIT_LONG, EXIT_SHORT: registers or −1.
FIRST, SIZING, LOSS_KIND, PROFIT_KIND, TRAILING_KIND, CLOSE_AT_END, EXIT_LONG, EXIT_SHORT = range(8)
FILL, STOPS_FROM_ENTRY_BAR, STOPS_BEFORE_ORDERS, STOP_BASE, OPEN_FIRST, ONE_ORDER_REVERSAL, RULE = range(8, 15)
OPTIONS = 15

# money: float64. UNITS < 0 is a short. LOWEST, HIGHEST: prices since the entry. BELOW, ABOVE: the levels that close the
# position, the trailing stop within; FIXED_LOSS: the loss level that stays; TRAIL: how far the trailing one follows.
CASH, UNITS, ENTRY_PRICE, ENTRY_FEE, LOWEST, HIGHEST, BELOW, ABOVE, FIXED_LOSS, TRAIL = range(10)
MONEY = 10

# counts: int64. ORDER: the target that is due at the next bar; RUINED_AT: a bar, or −1.
NEXT, ORDER, ENTRY_BAR, TRADES, BARS_HELD, RUINED_AT, AMBIGUOUS, REDUCED = range(8)
REJECTED_SIZE, REJECTED_CASH, REJECTED_NO_STOP, REJECTED_NOT_FINITE = range(8, 12)
COUNTS = 12

# An order names the position it wants.
NO_ORDER, LONG, SHORT, FLAT = range(4)
# A trade is a row of 8-byte fields: codes and amounts are two views of the same rows.
T_ENTRY, T_EXIT, T_SIDE, T_REASON = range(4)
T_UNITS, T_ENTRY_PRICE, T_EXIT_PRICE, T_ENTRY_FEE, T_EXIT_FEE, T_PNL, T_RETURN, T_MAE, T_MFE = range(4, 13)

# Copies of enumerations, as numba freezes them and its cache sees only this directory; a test holds them together.
PERCENT, CASH_AMOUNT, UNIT_COUNT, RISK = range(4)
NO_STOP, OF_PRICE, OF_MONEY, OF_ATR = range(4)
OPEN, SIGNAL, REVERSAL, STOP_LOSS, TAKE_PROFIT, TRAILING_STOP, END_OF_DATA, RUIN = range(8)
NEXT_OPEN, SAME_CLOSE, PREVIOUS_CLOSE = range(3)
FILL_PRICE, SIGNAL_CLOSE = range(2)
ACCOUNT, VECTORBT, WHOLE_UNITS = range(3)


@njit(cache=True, nogil=True, error_model="numpy")
def commission(notional: float, units: float, settings: Floats) -> float:
    """Of one order, in money."""
    fee = settings[COMMISSION] * notional + settings[PER_UNIT] * units + settings[FIXED]
    return float(max(fee, settings[MINIMUM]))


@njit(cache=True, nogil=True, error_model="numpy")
def leave(
    price: float, fee: float, bar: int, reason: int, money: Floats, counts: Integers, codes: Integers, amounts: Floats
) -> None:
    """Close the position at a price and take its money in. A loss beyond the account is not the account's."""
    units, entry_price = money[UNITS], money[ENTRY_PRICE]
    size = abs(units)
    side = 1.0 if units > 0.0 else -1.0
    left = money[CASH] + units * price
    if left <= 0.0:
        # Everything was lost where nothing was left: on the way to this price, or at it.
        price = max(0.0, -money[CASH] / units)
        left = 0.0
        fee = 0.0
        reason = RUIN
    elif left <= fee:
        fee = left
        reason = RUIN
    row = counts[TRADES]
    codes[row, T_ENTRY] = counts[ENTRY_BAR]
    codes[row, T_EXIT] = bar
    codes[row, T_SIDE] = int(side)
    codes[row, T_REASON] = reason
    worst = min(money[LOWEST], price)
    best = max(money[HIGHEST], price)
    if side < 0.0:
        worst, best = best, worst
    pnl = side * size * (price - entry_price) - fee - money[ENTRY_FEE]
    amounts[row, T_UNITS] = size
    amounts[row, T_ENTRY_PRICE] = entry_price
    amounts[row, T_EXIT_PRICE] = price
    amounts[row, T_ENTRY_FEE] = money[ENTRY_FEE]
    amounts[row, T_EXIT_FEE] = fee
    amounts[row, T_PNL] = pnl
    amounts[row, T_RETURN] = pnl / (size * entry_price)
    amounts[row, T_MAE] = side * (worst / entry_price - 1.0)
    amounts[row, T_MFE] = side * (best / entry_price - 1.0)
    counts[TRADES] = row + 1
    money[CASH] = left - fee
    money[UNITS] = 0.0


@njit(cache=True, nogil=True, error_model="numpy")
def leave_at_market(
    price: float,
    slippage: float,
    bar: int,
    reason: int,
    settings: Floats,
    money: Floats,
    counts: Integers,
    codes: Integers,
    amounts: Floats,
) -> None:
    """Close the position at a price, slippage and commission against it."""
    size = abs(money[UNITS])
    price *= 1.0 - slippage if money[UNITS] > 0.0 else 1.0 + slippage
    leave(price, commission(size * price, size, settings), bar, reason, money, counts, codes, amounts)
