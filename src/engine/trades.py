"""Round trips as rows of an array."""

from enum import IntEnum

import numpy as np

LONG, SHORT = 1, -1


class Reason(IntEnum):
    """Why a trade ended."""

    OPEN = 0
    SIGNAL = 1
    REVERSAL = 2
    STOP_LOSS = 3
    TAKE_PROFIT = 4
    TRAILING_STOP = 5
    END_OF_DATA = 6
    RUIN = 7


TRADE_CODES = ("entry", "exit", "side", "reason")
TRADE_MONEY = ("units", "entry_price", "exit_price", "entry_fee", "exit_fee", "pnl", "return", "mae", "mfe")

#: A round trip. entry, exit: rows of the result's bars; exit −1 and exit_price NaN while it is open, its pnl marked at
#: the last close. side: LONG or SHORT; units > 0. pnl: net of both fees; return: pnl over the money put in. mae ≤ 0 ≤
#: mfe: the worst and best price while it was held, as a fraction of the entry price.
TRADE = np.dtype([*((name, "<i8") for name in TRADE_CODES), *((name, "<f8") for name in TRADE_MONEY)])
