"""The words of the rule language, each with a line of help."""

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
LOGIC = ("and", "or", "not")
OPERATORS = ("+", "-", "*", "/", "<", "<=", ">", ">=", "==", "!=")
RESERVED = frozenset((*SERIES, *DERIVED, *POSITION_NAMES, *FUNCTIONS, *INDICATORS, *LOGIC))

HELP = {
    "open": "Price at which the bar opens.",
    "high": "Highest price of the bar.",
    "low": "Lowest price of the bar.",
    "close": "Price at which the bar closes.",
    "volume": "What was traded in the bar.",
    "hl2": "Middle of the bar: (high + low) / 2.",
    "hlc3": "Typical price: (high + low + close) / 3.",
    "bars_in_trade": "Bars since the position was opened; 0 on the bar of the entry.",
    "entry_price": "Price at which the position was opened.",
    "open_profit": "Profit of the open position as a fraction: 0.05 is 5 %.",
    "crosses_above": "a is above b now, and was not on the bar before.",
    "crosses_below": "a is below b now, and was not on the bar before.",
    "prev": "x as it was so many bars ago; one bar where no number is given.",
    "abs": "x without its sign.",
    "min": "The smallest of two values or more.",
    "max": "The largest of two values or more.",
    "count": "On how many of the last bars the condition held.",
    "bars_since": "Bars since the condition last held.",
    "and": "Both hold.",
    "or": "At least one holds.",
    "not": "It does not hold.",
    "+": "Sum.",
    "-": "Difference, or a sign.",
    "*": "Product.",
    "/": "Quotient; unknown where it would divide by zero.",
    "<": "Less than.",
    "<=": "Less than or equal to.",
    ">": "Greater than.",
    ">=": "Greater than or equal to.",
    "==": "Equal to.",
    "!=": "Not equal to.",
}
"""Of every word that is no indicator; those have theirs in the catalogue."""
