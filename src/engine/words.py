"""The words of the rule language."""

from engine.indicators import INDICATORS
from engine.opcodes import POSITION_NAMES

SERIES = ("open", "high", "low", "close", "volume")
DERIVED = ("hl2", "hlc3")
# Of the language itself, with how they are written.
FUNCTIONS = {
    "crosses_above": "crosses_above(a, b)",
    "crosses_below": "crosses_below(a, b)",
    "prev": "prev(x, bars)",
    "abs": "abs(x)",
    "min": "min(a, b)",
    "max": "max(a, b)",
    "count": "count(condition, length)",
    "bars_since": "bars_since(condition)",
}
RESERVED = frozenset((*SERIES, *DERIVED, *POSITION_NAMES, *FUNCTIONS, *INDICATORS, "and", "or", "not"))
