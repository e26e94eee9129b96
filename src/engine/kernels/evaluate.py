"""Rules over bars, a block at a time: a strategy's operations are interpreted, each over a block that stays in cache.

Truth is a byte, so that three-valued logic is bit logic: true FF, unknown F0, false 00. `and` is &, `or` is |, `not`
swaps the halves and inverts. A comparison with NaN is unknown. Arithmetic beyond what a number holds is NaN.
"""

import numpy as np
from numba import njit, types
from numpy.typing import NDArray

from engine.kernels.shared import INPUT, OPTIONS, helper

BLOCK = 1_024
PRICES = 5
TRUE = np.uint8(0xFF)
UNKNOWN = np.uint8(0xF0)
FALSE = np.uint8(0x00)
LOWER_HALVES = np.uint64(0x0F0F0F0F0F0F0F0F)
FOUR = np.uint64(4)
LARGEST = np.finfo(np.float64).max

# Copies of engine.opcodes.Op, which the cache's hash does not see; a test holds them together.
ADD, SUB, MUL, DIV, MIN, MAX, ABS, GT, GE, LT, LE, EQ, NE, AND, OR, NOT = range(16)
LOAD, LOAD_TRUTH, STORE, STORE_TRUTH, FLAG = range(16, 21)


@helper
def _known(value: float) -> float:
    return value if -LARGEST <= value <= LARGEST else np.nan


@helper
def _arithmetic(op: int, a: NDArray[np.float64], b: NDArray[np.float64], out: NDArray[np.float64], count: int) -> None:
    if op == ADD:
        for i in range(count):
            out[i] = _known(a[i] + b[i])
    elif op == SUB:
        for i in range(count):
            out[i] = _known(a[i] - b[i])
    elif op == MUL:
        for i in range(count):
            out[i] = _known(a[i] * b[i])
    elif op == DIV:
        for i in range(count):
            out[i] = _known(a[i] / b[i])
    elif op == MIN:
        for i in range(count):
            out[i] = (min(b[i], a[i])) if a[i] == a[i] and b[i] == b[i] else np.nan
    elif op == MAX:
        for i in range(count):
            out[i] = (max(b[i], a[i])) if a[i] == a[i] and b[i] == b[i] else np.nan
    else:
        for i in range(count):
            out[i] = abs(a[i])


@helper
def _comparison(op: int, a: NDArray[np.float64], b: NDArray[np.float64], out: NDArray[np.uint8], count: int) -> None:
    if op in (LT, LE):
        a, b = b, a
    if op in (GT, LT):
        for i in range(count):
            out[i] = TRUE if a[i] > b[i] else (FALSE if a[i] <= b[i] else UNKNOWN)
    elif op in (GE, LE):
        for i in range(count):
            out[i] = TRUE if a[i] >= b[i] else (FALSE if a[i] < b[i] else UNKNOWN)
    elif op == EQ:
        for i in range(count):
            out[i] = TRUE if a[i] == b[i] else (FALSE if a[i] < b[i] or a[i] > b[i] else UNKNOWN)
    else:
        for i in range(count):
            out[i] = FALSE if a[i] == b[i] else (TRUE if a[i] < b[i] or a[i] > b[i] else UNKNOWN)


@helper
def _logic(op: int, a: NDArray[np.uint64], b: NDArray[np.uint64], out: NDArray[np.uint64], words: int) -> None:
    """Eight truths at a time."""
    if op == AND:
        for i in range(words):
            out[i] = a[i] & b[i]
    elif op == OR:
        for i in range(words):
            out[i] = a[i] | b[i]
    else:
        for i in range(words):
            out[i] = ~(((a[i] & LOWER_HALVES) << FOUR) | ((a[i] >> FOUR) & LOWER_HALVES))


@helper
def _flag(bit: np.uint8, truth: NDArray[np.uint8], flags: NDArray[np.uint8]) -> None:
    for i in range(flags.shape[0]):
        flags[i] |= bit if truth[i] == TRUE else np.uint8(0)


@helper
def _load(source: NDArray[np.float64], row: int, count: int, lag: int, out: NDArray[np.float64]) -> None:
    missing = min(max(lag - row, 0), count)
    out[:missing] = np.nan
    out[missing:count] = source[row - lag + missing : row - lag + count]


@helper
def _load_truth(source: NDArray[np.float64], row: int, count: int, lag: int, out: NDArray[np.uint8]) -> None:
    for i in range(count):
        at = row + i - lag
        value = source[at] if at >= 0 else np.nan
        out[i] = TRUE if value == 1.0 else (FALSE if value == 0.0 else UNKNOWN)


_FLOATS = types.float64[::1]
_TABLE = types.Array(types.float64, 2, "C")


@njit(
    types.void(
        types.Array(types.int32, 2, "C", readonly=True),
        INPUT,
        types.Array(types.int64, 1, "C", readonly=True),
        types.Array(types.int64, 1, "C", readonly=True),
        INPUT,
        INPUT,
        INPUT,
        INPUT,
        INPUT,
        _TABLE,
        types.uint8[::1],
        types.int64,
        types.int64,
        types.int64,
        types.int64,
    ),
    **OPTIONS,
)
def run_program(
    code: NDArray[np.int32],
    constants: NDArray[np.float64],
    lags: NDArray[np.int64],
    rows: NDArray[np.int64],
    open_: NDArray[np.float64],
    high: NDArray[np.float64],
    low: NDArray[np.float64],
    close: NDArray[np.float64],
    volume: NDArray[np.float64],
    table: NDArray[np.float64],
    flags: NDArray[np.uint8],
    begin: int,
    end: int,
    numbers: int,
    truths: int,
) -> None:
    """Run code on rows begin … end − 1 of the bars. Rows are independent of each other: any split gives the same.

    code: (k, 4) int32 rows of op, out, a, b. LOAD: register, column, number of the lag. STORE: column, register.
    FLAG: bit, truth register. Columns 0–4 are prices, the others are rows of table, through `rows`. constants: (c,)
    fill the first number registers. numbers, truths: registers needed, constants among them. table: (m, n). flags:
    (n,), the bits of true signals are added.
    """
    number = np.empty((numbers, BLOCK))
    truth = np.empty((max(truths, 1), BLOCK), np.uint8)
    words = truth.view(np.uint64)
    for i in range(constants.shape[0]):
        number[i, :] = constants[i]
    for row in range(begin, end, BLOCK):
        count = min(BLOCK, end - row)
        for step in range(code.shape[0]):
            op = code[step, 0]
            out = code[step, 1]
            a = code[step, 2]
            b = code[step, 3]
            if op <= ABS:
                _arithmetic(op, number[a], number[b], number[out], count)
            elif op <= NE:
                _comparison(op, number[a], number[b], truth[out], count)
            elif op <= NOT:
                _logic(op, words[a], words[b], words[out], (count + 7) // 8)
            elif op in (LOAD, LOAD_TRUTH):
                if a == 0:
                    source = open_
                elif a == 1:
                    source = high
                elif a == 2:
                    source = low
                elif a == 3:
                    source = close
                elif a == 4:
                    source = volume
                else:
                    source = table[rows[a - PRICES]]
                if op == LOAD:
                    _load(source, row, count, lags[b], number[out])
                else:
                    _load_truth(source, row, count, lags[b], truth[out])
            elif op == STORE:
                table[rows[out - PRICES], row : row + count] = number[a, :count]
            elif op == STORE_TRUTH:
                column = table[rows[out - PRICES]]
                for i in range(count):
                    value = truth[a, i]
                    column[row + i] = 1.0 if value == TRUE else (0.0 if value == FALSE else np.nan)
            else:
                _flag(np.uint8(out), truth[a], flags[row : row + count])


@njit(types.void(INPUT, _FLOATS), **OPTIONS)
def bars_since(condition: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Bars since condition was last 1, 0 on that bar itself; NaN until it first was. An unknown is not true."""
    last = -1
    for i in range(condition.shape[0]):
        if condition[i] == 1.0:
            last = i
        out[i] = float(i - last) if last >= 0 else np.nan
