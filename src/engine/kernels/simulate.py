"""The order loop. All it knows between two bars is in two small arrays, so a run can stop and go on anywhere."""

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from engine.kernels.account import (
    ABOVE,
    BARS_HELD,
    BELOW,
    CASH,
    CLOSE_AT_END,
    END_OF_DATA,
    ENTRY_BAR,
    ENTRY_PRICE,
    EXIT_LONG,
    EXIT_SHORT,
    EXIT_SLIPPAGE,
    FILL,
    FIRST,
    FLAT,
    HIGHEST,
    LONG,
    LOWEST,
    NEXT,
    NO_ORDER,
    ORDER,
    PREVIOUS_CLOSE,
    RUIN,
    RUINED_AT,
    SAME_CLOSE,
    SHORT,
    SIGNAL,
    STOPS_BEFORE_ORDERS,
    STOPS_FROM_ENTRY_BAR,
    TRADES,
    TRAIL,
    TRAILING_SHARE,
    UNITS,
    Floats,
    Integers,
    leave,
    leave_at_market,
)
from engine.kernels.entries import enter
from engine.kernels.exits import is_true
from engine.kernels.stops import follow, stop_out

# Bits of flags, as in engine.signals.
SAYS_LONG, LEAVES_LONG, SAYS_SHORT, LEAVES_SHORT = 1, 2, 4, 8
#: Rows that must be free for one bar: a reversal or exit at its open, a stop or the end of the account within it.
ROOM = 2

PRICES = types.Array(types.float64, 1, "C", readonly=True)
FLAGS = types.Array(types.uint8, 1, "C", readonly=True)
COLUMNS = types.Array(types.float64, 2, "C", readonly=True)
CODE = types.Array(types.int32, 2, "C", readonly=True)
OPTIONS = types.Array(types.int64, 1, "C", readonly=True)


@njit(cache=True, nogil=True, error_model="numpy")
def decide(flags: int, units: float) -> int:
    """The order that follows from a bar's flags. Entry and exit of one side are neither; so are two entries."""
    if flags & (SAYS_LONG | LEAVES_LONG) == SAYS_LONG | LEAVES_LONG:
        flags &= ~(SAYS_LONG | LEAVES_LONG)
    if flags & (SAYS_SHORT | LEAVES_SHORT) == SAYS_SHORT | LEAVES_SHORT:
        flags &= ~(SAYS_SHORT | LEAVES_SHORT)
    if flags & (SAYS_LONG | SAYS_SHORT) == SAYS_LONG | SAYS_SHORT:
        flags &= ~(SAYS_LONG | SAYS_SHORT)
    if units <= 0.0 and flags & SAYS_LONG:
        return LONG
    if units >= 0.0 and flags & SAYS_SHORT:
        return SHORT
    if (units > 0.0 and flags & LEAVES_LONG) or (units < 0.0 and flags & LEAVES_SHORT):
        return FLAT
    return NO_ORDER


@njit(cache=True, nogil=True, error_model="numpy")
def wait(i: int, stop: int, cash: float, flags: NDArray[np.uint8], equity: Floats) -> int:
    """The next bar that wants a position, or stop; equity is cash until there."""
    while i < stop and flags[i] & (SAYS_LONG | SAYS_SHORT) == 0:
        equity[i] = cash
        i += 1
    return i


@njit(cache=True, nogil=True, error_model="numpy")
def hold(
    i: int,
    stop: int,
    flags: NDArray[np.uint8],
    high: Floats,
    low: Floats,
    close: Floats,
    settings: Floats,
    money: Floats,
    equity: Floats,
) -> int:
    """The next bar on which something may happen to the position, or stop; equity and extremes are kept until there."""
    cash, units = money[CASH], money[UNITS]
    lowest, highest, below, above = money[LOWEST], money[HIGHEST], money[BELOW], money[ABOVE]
    share, trail = settings[TRAILING_SHARE], money[TRAIL]
    is_long = units > 0.0
    heard = LEAVES_LONG | SAYS_SHORT if is_long else LEAVES_SHORT | SAYS_LONG
    while i < stop and flags[i] & heard == 0 and low[i] > below and high[i] < above:
        value = cash + units * close[i]
        if value <= 0.0:
            break
        equity[i] = value
        lowest = min(lowest, low[i])
        highest = max(highest, high[i])
        if is_long:
            below = max(below, highest * (1.0 - share) - trail)
        else:
            above = min(above, lowest * (1.0 + share) + trail)
        i += 1
    money[LOWEST], money[HIGHEST], money[BELOW], money[ABOVE] = lowest, highest, below, above
    return i


@njit(
    types.void(
        *[PRICES] * 4,
        FLAGS,
        *[PRICES] * 3,
        COLUMNS,
        PRICES,
        CODE,
        PRICES,
        OPTIONS,
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
    open_: Floats,
    high: Floats,
    low: Floats,
    close: Floats,
    flags: NDArray[np.uint8],
    loss_at: Floats,
    profit_at: Floats,
    trailing_at: Floats,
    columns: Floats,
    constants: Floats,
    code: NDArray[np.int32],
    settings: Floats,
    options: Integers,
    money: Floats,
    counts: Integers,
    equity: Floats,
    codes: Integers,
    amounts: Floats,
    stop: int,
) -> None:
    """Go on from bar counts[NEXT] to bar stop − 1, or to where fewer than ROOM rows for trades are free.

    open_ … columns: rows of all bars, the first traded one is options[FIRST]; the stops' distances may be empty where
    no stop hangs on the ATR. equity: (bars to trade,), filled bar by bar; after ruin it is 0 and nothing is traded.
    codes, amounts: (rows, 13), two views of the same trades. Layouts: engine.kernels.account.
    """
    first = options[FIRST]
    open_, high, low, close, flags = open_[first:], high[first:], low[first:], close[first:], flags[first:]
    registers = np.empty(columns.shape[0] + constants.shape[0] + 3 + code.shape[0])
    last = equity.shape[0] - 1
    # A position closed at the end must not be held through the last bar.
    quiet_stop = min(stop, last) if options[CLOSE_AT_END] == 1 else stop
    room = codes.shape[0] - ROOM
    i = counts[NEXT]
    while i < stop and counts[RUINED_AT] < 0 and counts[TRADES] <= room:
        due = counts[ORDER]
        counts[ORDER] = NO_ORDER
        stopped = False
        if options[STOPS_BEFORE_ORDERS] == 1 and money[UNITS] != 0.0:
            stopped = stop_out(open_[i], high[i], low[i], i, settings, options, money, counts, codes, amounts)
        if due != NO_ORDER and not stopped:
            price, bar = open_[i], i
            if options[FILL] == PREVIOUS_CLOSE:
                price, bar = close[i - 1], i - 1
            if due == FLAT:
                slippage = settings[EXIT_SLIPPAGE]
                leave_at_market(price, slippage, bar, SIGNAL, settings, money, counts, codes, amounts)
            else:
                enter(
                    1.0 if due == LONG else -1.0,
                    price,
                    bar,
                    first + i - 1,
                    close[i - 1],
                    loss_at,
                    profit_at,
                    trailing_at,
                    settings,
                    options,
                    money,
                    counts,
                    codes,
                    amounts,
                )
        in_full = options[STOPS_FROM_ENTRY_BAR] == 1 or counts[ENTRY_BAR] < i
        if money[UNITS] != 0.0 and in_full:
            if options[STOPS_BEFORE_ORDERS] == 0:
                stopped = stop_out(open_[i], high[i], low[i], i, settings, options, money, counts, codes, amounts)
            if not stopped:
                money[LOWEST] = min(money[LOWEST], low[i])
                money[HIGHEST] = max(money[HIGHEST], high[i])
                follow(settings, money)
        if i == last and options[CLOSE_AT_END] == 1 and money[UNITS] != 0.0:
            slippage = settings[EXIT_SLIPPAGE]
            leave_at_market(close[i], slippage, i, END_OF_DATA, settings, money, counts, codes, amounts)

        heard = int(flags[i])
        units = money[UNITS]
        register = options[EXIT_LONG] if units > 0.0 else options[EXIT_SHORT]
        if units != 0.0 and register >= 0:
            profit = (1.0 if units > 0.0 else -1.0) * (close[i] / money[ENTRY_PRICE] - 1.0)
            held = i - counts[ENTRY_BAR]
            price = money[ENTRY_PRICE]
            if is_true(register, columns, constants, code, registers, first + i, held, price, profit):
                heard |= LEAVES_LONG if units > 0.0 else LEAVES_SHORT
        order = decide(heard, units)
        if options[FILL] == SAME_CLOSE:
            if order == FLAT and not stopped:
                slippage = settings[EXIT_SLIPPAGE]
                leave_at_market(close[i], slippage, i, SIGNAL, settings, money, counts, codes, amounts)
            elif order != NO_ORDER and not stopped:
                enter(
                    1.0 if order == LONG else -1.0,
                    close[i],
                    i,
                    first + i,
                    close[i],
                    loss_at,
                    profit_at,
                    trailing_at,
                    settings,
                    options,
                    money,
                    counts,
                    codes,
                    amounts,
                )
            order = NO_ORDER
        counts[ORDER] = order

        equity[i] = money[CASH] + money[UNITS] * close[i]
        if equity[i] <= 0.0:
            if money[UNITS] != 0.0:
                leave(close[i], 0.0, i, RUIN, money, counts, codes, amounts)
            equity[i] = 0.0
            counts[RUINED_AT] = i
            counts[ORDER] = NO_ORDER
            break
        counts[BARS_HELD] += money[UNITS] != 0.0
        i += 1
        if order == NO_ORDER:
            if money[UNITS] == 0.0:
                i = wait(i, stop, money[CASH], flags, equity)
            elif (options[EXIT_LONG] if money[UNITS] > 0.0 else options[EXIT_SHORT]) < 0:
                began = i
                i = hold(i, quiet_stop, flags, high, low, close, settings, money, equity)
                counts[BARS_HELD] += i - began
    if counts[RUINED_AT] >= 0:
        equity[counts[RUINED_AT] + 1 : stop] = 0.0
        i = stop
    counts[NEXT] = i
