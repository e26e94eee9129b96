"""Orders that open a position: how many units, at what commission, and why not."""

import numpy as np
from numba import njit

from engine.kernels.account import (
    ACCOUNT,
    CASH,
    COMMISSION,
    ENTRY_BAR,
    ENTRY_FEE,
    ENTRY_PRICE,
    ENTRY_SLIPPAGE,
    EXIT_SLIPPAGE,
    FILL_PRICE,
    FIXED,
    HIGHEST,
    LOSS,
    LOSS_KIND,
    LOT,
    LOWEST,
    MINIMUM,
    ONE_ORDER_REVERSAL,
    PER_UNIT,
    PERCENT,
    PROFIT,
    PROFIT_KIND,
    REDUCED,
    REJECTED_CASH,
    REJECTED_NO_STOP,
    REJECTED_NOT_FINITE,
    REJECTED_SIZE,
    REVERSAL,
    RISK,
    RULE,
    SIZE,
    SIZING,
    STOP_BASE,
    TRAILING,
    TRAILING_KIND,
    UNIT_COUNT,
    UNITS,
    VECTORBT,
    WHOLE_UNITS,
    Floats,
    Integers,
    leave,
    leave_at_market,
)
from engine.kernels.stops import distance, place

ACCEPTED = 0
# So little is rounding, not money: 0.3 is three lots of 0.1, though 0.3 / 0.1 is below 3.
ROUNDING = 1.0 + 1e-12
# backtesting.py's size that stands for everything: 1 − sys.float_info.epsilon.
NEARLY_ALL = 1.0 - 2.0**-52

Sized = tuple[float, float, float, int]


@njit(cache=True, nogil=True, error_model="numpy")
def size_by_account(
    worth: float,
    owed: float,
    closing: float,
    price: float,
    wanted: float,
    budget: float,
    settings: Floats,
    counts: Integers,
) -> Sized:
    """Units to open, the money that moves for them, their commission, and ACCEPTED or the count of the refusal.

    worth: what the account has at the price, less `owed`, the commission of the `closing` units that the same order
    closes; infinite where it is no bound. wanted: units, or infinite where budget, commission included, says how many.
    """
    rate = settings[COMMISSION] + settings[PER_UNIT] / price
    fixed, minimum, lot = settings[FIXED], settings[MINIMUM], settings[LOT]
    affordable = min(budget, worth)
    # The larger commission applies, so the smaller notional is what the money pays for.
    notional = min((affordable - fixed) / (1.0 + rate), affordable + owed - minimum)
    if not notional > 0.0:
        return 0.0, 0.0, 0.0, REJECTED_CASH
    units = notional / price
    is_reduced = budget > worth * ROUNDING if wanted == np.inf else wanted > units * ROUNDING
    is_spent = wanted >= units
    units = min(units, wanted)
    if lot > 0.0:
        units = np.floor(units / lot * ROUNDING) * lot
        is_spent = False
    if is_spent:
        # The rest is commission, to the last bit: nothing is left of what was to be spent.
        fee = affordable - notional
    else:
        notional = units * price
        fee = max(rate * (notional + closing * price) + fixed, minimum) - owed
    if not (np.isfinite(units) and np.isfinite(notional)):
        return 0.0, 0.0, 0.0, REJECTED_NOT_FINITE
    if not units * price > 0.0:
        return 0.0, 0.0, 0.0, REJECTED_SIZE
    counts[REDUCED] += int(is_reduced)
    return units, notional, fee, ACCEPTED


@njit(cache=True, nogil=True, error_model="numpy")
def size_in_whole_units(worth: float, raw: float, price: float, settings: Floats, options: Integers) -> Sized:
    """As backtesting.py sizes an order. raw: the price before its spread."""
    rate, fixed, size = settings[COMMISSION], settings[FIXED], settings[SIZE]
    if options[SIZING] == PERCENT:
        share = min(size, NEARLY_ALL)
        units = (worth * share) // (price + (fixed + share * raw * rate) / share)
        if not units >= 1.0:
            return 0.0, 0.0, 0.0, REJECTED_SIZE
    else:
        units = size
        if units * (price + (fixed + units * raw * rate) / units) > worth:
            return 0.0, 0.0, 0.0, REJECTED_CASH
    return units, units * price, fixed + units * price * rate, ACCEPTED


@njit(cache=True, nogil=True, error_model="numpy")
def size_order(
    side: float,
    worth: float,
    owed: float,
    closing: float,
    raw: float,
    price: float,
    risk: float,
    settings: Floats,
    options: Integers,
    counts: Integers,
) -> Sized:
    """What the sizing mode wants, within what the rule allows. risk: what a unit loses where the loss stop is hit."""
    if options[RULE] == WHOLE_UNITS:
        return size_in_whole_units(worth, raw, price, settings, options)
    wanted, budget, bound, value = np.inf, np.inf, worth, settings[SIZE]
    if options[SIZING] == PERCENT:
        budget = value * worth
    elif options[SIZING] == UNIT_COUNT:
        wanted = value
    elif options[SIZING] == RISK:
        wanted = value * worth / risk
    elif options[RULE] == ACCOUNT:
        budget = value
    else:
        wanted = value / raw
    if options[RULE] == VECTORBT and side < 0.0 and wanted < np.inf:
        bound = np.inf
    return size_by_account(bound, owed, closing, price, wanted, budget, settings, counts)


@njit(cache=True, nogil=True, error_model="numpy")
def enter(
    side: float,
    raw: float,
    bar: int,
    signal: int,
    signal_close: float,
    loss_at: Floats,
    profit_at: Floats,
    trailing_at: Floats,
    settings: Floats,
    options: Integers,
    money: Floats,
    counts: Integers,
    codes: Integers,
    amounts: Floats,
) -> None:
    """Fill an order for a position on a side, at a price before slippage; it closes an opposite one.

    bar: of the trade. signal: the row the order was decided on. An entry that is refused is counted by its reason, and
    what is left of the order closes what it was to reverse.
    """
    if money[UNITS] != 0.0 and options[ONE_ORDER_REVERSAL] == 0:
        leave_at_market(raw, settings[EXIT_SLIPPAGE], bar, REVERSAL, settings, money, counts, codes, amounts)
    price = raw * (1.0 + side * settings[ENTRY_SLIPPAGE])
    closing = abs(money[UNITS])
    owed = (settings[COMMISSION] * price + settings[PER_UNIT]) * closing
    worth = money[CASH] + money[UNITS] * price - owed

    base = price if options[STOP_BASE] == FILL_PRICE else signal_close
    loss = distance(options[LOSS_KIND], settings[LOSS], loss_at, signal, base)
    profit = distance(options[PROFIT_KIND], settings[PROFIT], profit_at, signal, base)
    trail = distance(options[TRAILING_KIND], settings[TRAILING], trailing_at, signal, base)
    risk = min(loss, trail)
    if not (loss > 0.0 and profit > 0.0 and trail > 0.0) or (options[SIZING] == RISK and risk == np.inf):
        units, notional, fee, refused = 0.0, 0.0, 0.0, REJECTED_NO_STOP
    else:
        units, notional, fee, refused = size_order(
            side, worth, owed, closing, raw, price, risk, settings, options, counts
        )
    if refused != ACCEPTED:
        counts[refused] += 1
        if closing > 0.0:
            leave_at_market(raw, settings[ENTRY_SLIPPAGE], bar, REVERSAL, settings, money, counts, codes, amounts)
        return

    cash = worth - side * notional - fee
    if closing > 0.0:
        # One commission for both, of which each trade bears the share of its units.
        shared = (fee + owed) * (closing / (closing + units))
        fee = fee + owed - shared
        leave(price, shared, bar, REVERSAL, money, counts, codes, amounts)
    # A long's cash can fall below zero by rounding alone; where backtesting.py counts, by its spread's commission, too.
    money[CASH] = cash if side < 0.0 or options[RULE] == WHOLE_UNITS else max(0.0, cash)
    money[UNITS] = side * units
    money[ENTRY_PRICE] = price
    money[ENTRY_FEE] = fee
    money[LOWEST] = price
    money[HIGHEST] = price
    counts[ENTRY_BAR] = bar
    place(base, loss, profit, trail, settings, money)
