"""The order loop. All it knows between two bars is in two small arrays, so a run can stop and go on anywhere."""

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

# money: float64, what the position and its entry are worth
CASH, UNITS, ENTRY_PRICE, ENTRY_FEE = range(4)
MONEY = 4
# counts: int64. ORDER is the order due at the next open; ruin is at RUINED_AT, −1 while there is none.
NEXT, ORDER, ENTRY_BAR, TRADES, BARS_HELD, RUINED_AT, REJECTED_SIZE = range(7)
COUNTS = 7

NO_ORDER, BUY, SELL = range(3)
# trade_bars: (trades, 2) int64
ENTRY, EXIT = range(2)
# trade_money: (trades, 7) float64
T_UNITS, T_ENTRY_PRICE, T_EXIT_PRICE, T_ENTRY_FEE, T_EXIT_FEE, T_PNL, T_RETURN = range(7)
TRADE_MONEY = 7

PRICES = types.Array(types.float64, 1, "C", readonly=True)
SIGNALS = types.Array(types.uint8, 1, "C", readonly=True)


@njit(
    types.void(
        PRICES,
        PRICES,
        SIGNALS,
        SIGNALS,
        types.float64,
        types.float64,
        types.float64[::1],
        types.int64[::1],
        types.float64[::1],
        types.int64[:, ::1],
        types.float64[:, ::1],
        types.int64,
    ),
    cache=True,
    nogil=True,
    error_model="numpy",
)
def simulate(
    open_: NDArray[np.float64],
    close: NDArray[np.float64],
    entry: NDArray[np.uint8],
    leave: NDArray[np.uint8],
    commission: float,
    slippage: float,
    money: NDArray[np.float64],
    counts: NDArray[np.int64],
    equity: NDArray[np.float64],
    trade_bars: NDArray[np.int64],
    trade_money: NDArray[np.float64],
    stop: int,
) -> None:
    """Go on from bar counts[NEXT] to bar stop − 1: fill at the open, mark at the close, then decide.

    open_, close, entry, leave, equity: (n,). A non-zero entry or leave is a signal on that bar's close; both together
    are neither. commission, slippage: fractions of money and price. Equity is filled from bar to bar; after ruin
    (equity ≤ 0) it is 0 and nothing is traded. trade_bars and trade_money take one row per closed trade and must have
    room for every second bar. A buy whose size is nothing, or more than a number can hold, is rejected and counted.
    """
    for i in range(counts[NEXT], stop):
        if counts[RUINED_AT] >= 0:
            equity[i] = 0.0
            continue

        order = counts[ORDER]
        counts[ORDER] = NO_ORDER
        if order == BUY:
            price = open_[i] * (1.0 + slippage)
            notional = money[CASH] / (1.0 + commission)
            units = notional / price
            if units * price > 0.0 and np.isfinite(units):
                # All cash goes, its own commission included: what is left is exactly nothing.
                money[UNITS] = units
                money[ENTRY_PRICE] = price
                money[ENTRY_FEE] = money[CASH] - notional
                money[CASH] = 0.0
                counts[ENTRY_BAR] = i
            else:
                counts[REJECTED_SIZE] += 1
        elif order == SELL:
            units = money[UNITS]
            price = open_[i] * (1.0 - slippage)
            gross = units * price
            fee = gross * commission
            spent = units * money[ENTRY_PRICE]
            pnl = gross - fee - spent - money[ENTRY_FEE]
            row = counts[TRADES]
            trade_bars[row, ENTRY] = counts[ENTRY_BAR]
            trade_bars[row, EXIT] = i
            trade_money[row, T_UNITS] = units
            trade_money[row, T_ENTRY_PRICE] = money[ENTRY_PRICE]
            trade_money[row, T_EXIT_PRICE] = price
            trade_money[row, T_ENTRY_FEE] = money[ENTRY_FEE]
            trade_money[row, T_EXIT_FEE] = fee
            trade_money[row, T_PNL] = pnl
            trade_money[row, T_RETURN] = pnl / spent
            counts[TRADES] = row + 1
            money[CASH] += gross - fee
            money[UNITS] = 0.0

        equity[i] = money[CASH] + money[UNITS] * close[i]
        if equity[i] <= 0.0:
            equity[i] = 0.0
            counts[RUINED_AT] = i
            continue
        if money[UNITS] > 0.0:
            counts[BARS_HELD] += 1
            if leave[i] and not entry[i]:
                counts[ORDER] = SELL
        elif entry[i] and not leave[i]:
            counts[ORDER] = BUY
    counts[NEXT] = stop
