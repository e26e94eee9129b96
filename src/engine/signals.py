"""What rules say of every bar, for the simulation."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.opcodes import ExitProgram

ENTRY_LONG, EXIT_LONG, ENTRY_SHORT, EXIT_SHORT = 1, 2, 4, 8


@dataclass(frozen=True, slots=True)
class Signals:
    """flags: (n,) uint8, the bits of what is true on that bar's close; unknown is no signal.

    loss, profit, trailing: (n,) float64, the stop's distance in money if the bar's signal opens a position, where it
    hangs on the ATR; else None. exits: exits that depend on the position.
    """

    flags: NDArray[np.uint8]
    loss: NDArray[np.float64] | None = None
    profit: NDArray[np.float64] | None = None
    trailing: NDArray[np.float64] | None = None
    exits: ExitProgram | None = None
