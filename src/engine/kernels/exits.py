"""Exits that depend on the position: a short program of registers, run on one bar's close."""

import numpy as np
from numba import njit
from numpy.typing import NDArray

# Copies of engine.opcodes.Op, as numba freezes them and its cache sees only this directory; a test holds them together.
ADD, SUB, MUL, DIV, MIN, MAX, ABS, GT, GE, LT, LE, EQ, NE, AND, OR, NOT = range(16)


@njit(cache=True, nogil=True, error_model="numpy")
def combine(op: int, a: float, b: float) -> float:  # noqa: PLR0911 one operation, one line
    """One operation; NaN is unknown, and so is a quotient by zero or an overflow."""
    if op == AND:
        if a == 0.0 or b == 0.0:
            return 0.0
        return 1.0 if a == 1.0 and b == 1.0 else np.nan
    if op == OR:
        if a == 1.0 or b == 1.0:
            return 1.0
        return 0.0 if a == 0.0 and b == 0.0 else np.nan
    if op == NOT:
        return 1.0 - a
    if op == ABS:
        return abs(a)
    if np.isnan(a) or np.isnan(b):
        return np.nan
    if op == GT:
        return 1.0 if a > b else 0.0
    if op == GE:
        return 1.0 if a >= b else 0.0
    if op == LT:
        return 1.0 if a < b else 0.0
    if op == LE:
        return 1.0 if a <= b else 0.0
    if op == EQ:
        return 1.0 if a == b else 0.0
    if op == NE:
        return 1.0 if a != b else 0.0
    if op == MIN:
        return min(a, b)
    if op == MAX:
        return max(a, b)
    result = a + b
    if op == SUB:
        result = a - b
    elif op == MUL:
        result = a * b
    elif op == DIV:
        result = a / b
    return result if np.isfinite(result) else np.nan


@njit(cache=True, nogil=True, error_model="numpy")
def is_true(
    register: int,
    columns: NDArray[np.float64],
    constants: NDArray[np.float64],
    code: NDArray[np.int32],
    registers: NDArray[np.float64],
    row: int,
    bars_in_trade: int,
    entry_price: float,
    open_profit: float,
) -> bool:
    """Whether a register is true on a bar: columns' values, constants, the position's three facts, then results."""
    known = columns.shape[0]
    for k in range(known):
        registers[k] = columns[k, row]
    for k in range(constants.shape[0]):
        registers[known + k] = constants[k]
    known += constants.shape[0]
    registers[known] = bars_in_trade
    registers[known + 1] = entry_price
    registers[known + 2] = open_profit
    known += 3
    for k in range(code.shape[0]):
        registers[known + k] = combine(code[k, 0], registers[code[k, 1]], registers[code[k, 2]])
    return bool(registers[register] == 1.0)
