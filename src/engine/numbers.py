"""Numbers as JSON has them."""

import math

from engine.errors import StrategyError
from engine.reasons import because


def number_of(where: str, value: object) -> float:
    """A finite float. True is no number; StrategyError at `where` says so."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise StrategyError(where, because("not_a_number", f"must be a number; found {value!r}"[:200]))
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise StrategyError(where, because("not_a_number", "must be a finite number"))
    return number
