"""Many runs over the same bars: rules, orders and sums of each combination in turn, in the memory of one."""

from typing import Any

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from engine.kernels.account import CASH, COUNTS, FIRST, MONEY, RUINED_AT, TRADES, UNITS
from engine.kernels.evaluate import PRICES, run_program
from engine.kernels.measure import daily_returns, headline, round_trips
from engine.kernels.shared import DAYS, INPUT, OPTIONS, REAL, WHOLE
from engine.kernels.simulate import ROOM, simulate

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Of `state`: the row of ruin or −1, trades that were made, the open one among them.
RUIN_ROW, MADE = range(2)
STATE = 2

_INTEGERS = types.Array(types.int64, 1, "C", readonly=True)
_INTEGER_ROWS = types.Array(types.int64, 2, "C", readonly=True)
_FLOAT_ROWS = types.Array(types.float64, 2, "C", readonly=True)
_CODE = types.Array(types.int32, 2, "C", readonly=True)
_TABLE = types.Array(types.float64, 2, "C")


@njit(cache=True, nogil=True, error_model="numpy")
def _column(
    column: int,
    rows: Integers,
    open_: Floats,
    high: Floats,
    low: Floats,
    close: Floats,
    volume: Floats,
    table: Floats,
) -> Any:
    """A column by its number in a plan: prices first, then rows of the table."""
    if column == 0:
        return open_
    if column == 1:
        return high
    if column == 2:
        return low
    if column == 3:
        return close
    if column == 4:
        return volume
    return table[rows[column - PRICES]]


@njit(
    types.void(
        _CODE,
        _FLOAT_ROWS,
        _INTEGER_ROWS,
        _INTEGER_ROWS,
        WHOLE,
        WHOLE,
        *[INPUT] * 5,
        DAYS,
        _TABLE,
        _INTEGERS,
        _INTEGERS,
        _FLOAT_ROWS,
        _CODE,
        _FLOAT_ROWS,
        _INTEGERS,
        REAL,
        REAL,
        _TABLE,
        _TABLE,
        types.Array(types.int64, 2, "C"),
    ),
    **OPTIONS,
)
def sweep(
    code: NDArray[np.int32],
    constants: Floats,
    lags: Integers,
    rows: Integers,
    numbers: int,
    truths: int,
    open_: Floats,
    high: Floats,
    low: Floats,
    close: Floats,
    volume: Floats,
    days: Integers,
    table: Floats,
    distances: Integers,
    exit_columns: Integers,
    exit_constants: Floats,
    exit_code: NDArray[np.int32],
    settings: Floats,
    options: Integers,
    capital: float,
    riskless: float,
    courses: Floats,
    trips: Floats,
    state: Integers,
) -> None:
    """Run every combination over all bars and write its sums.

    The first axis of constants, lags, rows, exit_constants, settings, courses, trips and state is the combination's;
    all else is the same for all. code … truths: see kernels.evaluate.run_program. open_ … volume: (n,). days:
    (n − first,). distances: the columns of the loss, profit and trailing stop's distances, −1 for none. exit_columns:
    those that the exit program reads. options: see kernels.account. courses: (k, COURSE), trips: (k, ROUND_TRIPS) as in
    kernels.measure, state: (k, STATE).
    """
    n = open_.shape[0]
    first = options[FIRST]
    flags = np.empty(n, np.uint8)
    equity = np.empty(n - first)
    returns = np.empty(n - first)
    made = np.empty((2 * (n - first) + 2 * ROOM + 1, 13))
    codes = made.view(np.int64)
    money = np.empty(MONEY)
    counts = np.empty(COUNTS, np.int64)
    read = np.empty((exit_columns.shape[0], n if exit_columns.shape[0] > 0 else 0))
    for k in range(constants.shape[0]):
        flags[:] = 0
        run_program(
            code, constants[k], lags[k], rows[k], open_, high, low, close, volume, table, flags, 0, n, numbers, truths
        )
        for j in range(exit_columns.shape[0]):
            read[j, :] = _column(exit_columns[j], rows[k], open_, high, low, close, volume, table)
        # An empty slice of any column stands for a stop without distances.
        loss = _column(max(distances[0], 0), rows[k], open_, high, low, close, volume, table)
        profit = _column(max(distances[1], 0), rows[k], open_, high, low, close, volume, table)
        trailing = _column(max(distances[2], 0), rows[k], open_, high, low, close, volume, table)
        money[:] = 0.0
        money[CASH] = capital
        counts[:] = 0
        counts[RUINED_AT] = -1
        simulate(
            open_,
            high,
            low,
            close,
            flags,
            loss,
            profit,
            trailing,
            read,
            exit_constants[k],
            exit_code,
            settings[k],
            options,
            money,
            counts,
            equity,
            codes,
            made,
            n - first,
        )
        ruined = counts[RUINED_AT]
        end = n - first if ruined < 0 else ruined + 1
        count = daily_returns(equity[:end], days[:end], capital, returns[:end])
        headline(equity, returns, count, capital, riskless, courses[k])
        closed = counts[TRADES]
        round_trips(codes[:closed], made[:closed], trips[k])
        state[k, RUIN_ROW] = ruined
        state[k, MADE] = closed + (money[UNITS] != 0.0)
