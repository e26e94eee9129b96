"""The rule language as a reference for whoever writes rules: every word there is, how it is written, what it means."""

from collections.abc import Iterable
from typing import Any

from engine import rules
from engine.binding import MAX_LOOK_BACK
from engine.indicators import INDICATORS, Indicator
from engine.opcodes import POSITION_NAMES
from engine.parameters import MAX_PARAMETERS
from engine.parsing import MAX_CHARACTERS, MAX_DEPTH, MAX_NODES
from engine.words import DERIVED, FUNCTIONS, HELP, LOGIC, OPERATORS, SERIES


def reference() -> dict[str, Any]:
    """JSON-able; the same for every caller of a release."""
    return {
        "series": _named((*SERIES, *DERIVED)),
        "position": _named(POSITION_NAMES),
        "words": _named(LOGIC),
        "operators": _named(OPERATORS),
        "functions": [*map(_function, FUNCTIONS), *map(_indicator, INDICATORS.values())],
        "rules": list(rules.RULES),
        "limits": {
            "characters": MAX_CHARACTERS,
            "terms": MAX_NODES,
            "depth": MAX_DEPTH,
            "lookBack": MAX_LOOK_BACK,
            "parameters": MAX_PARAMETERS,
            "let": rules.MAX_LET,
        },
    }


def _named(words: Iterable[str]) -> list[dict[str, str]]:
    return [{"name": word, "help": HELP[word]} for word in words]


def _function(name: str) -> dict[str, Any]:
    written = {"name": name, "signature": FUNCTIONS[name], "help": HELP[name]}
    return {**written, "group": "language", "takesSeries": False, "parameters": []}


def _indicator(indicator: Indicator) -> dict[str, Any]:
    return {
        "name": indicator.name,
        "signature": indicator.usage,
        "help": indicator.source,
        "group": "indicator",
        "takesSeries": indicator.takes_source,
        "parameters": [
            {"name": one.name, "min": one.minimum, "max": one.maximum, "whole": one.whole}
            for one in indicator.parameters
        ],
    }
