"""Operations of compiled rules: those that run block by block ahead of a simulation, and those that run within it.

Exits may name `bars_in_trade`, `entry_price` and `open_profit`, which are known only while a position is simulated.
What of an exit does not depend on them is computed ahead, as columns; the rest is a short program for the simulation.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

POSITION_NAMES = ("bars_in_trade", "entry_price", "open_profit")


class Op(IntEnum):
    """Up to NOT: two registers in, one out. In an exit program truth is 1.0, 0.0 or, unknown, NaN.

    The others move values between registers and columns, and end in the signals' flags.
    """

    ADD = 0
    SUB = 1
    MUL = 2
    DIV = 3
    MIN = 4
    MAX = 5
    ABS = 6
    GT = 7
    GE = 8
    LT = 9
    LE = 10
    EQ = 11
    NE = 12
    AND = 13
    OR = 14
    NOT = 15
    LOAD = 16
    LOAD_TRUTH = 17
    STORE = 18
    STORE_TRUTH = 19
    FLAG = 20


@dataclass(frozen=True, slots=True)
class ExitProgram:
    """columns: (m, n) float64, parts known ahead. constants: (c,) float64. code: (k, 3) int32 rows of op, a, b.

    Registers: the m columns' values on the bar, the c constants, the three POSITION_NAMES, then each row's result.
    bars_in_trade is 0 on the entry's bar; open_profit is side · (close / entry_price − 1). long, short: the registers
    of exitLong and exitShort, −1 where that exit does not depend on the position.
    """

    columns: NDArray[np.float64]
    constants: NDArray[np.float64]
    code: NDArray[np.int32]
    long: int
    short: int
