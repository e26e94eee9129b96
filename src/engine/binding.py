"""Parameters get their values: what was symbolic in a strategy's graph is settled and checked.

Every value of a parameter is bound to the same graph, so that a sweep reads and compiles a definition once.
"""

import math
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from engine.errors import StrategyError
from engine.graph import Graph, Node, Place
from engine.indicators import INDICATORS
from engine.reasons import because

MAX_LOOK_BACK = 5_000
# Bars that `bars_since` counts back over, where so many are stored before the start.
REMEMBERED = 1_000


@dataclass(frozen=True, slots=True)
class Bound:
    """constants: by node, NaN for a node that is none. look_back, warm_up: by node, in bars.

    look_back is what a node needs before the first bar it knows. warm_up is what it needs before its beginning no
    longer shows: a recursion forgets slowly.
    """

    constants: tuple[float, ...]
    look_back: tuple[int, ...]
    warm_up: tuple[int, ...]


def bind(graph: Graph, values: Mapping[str, float], refused: list[StrategyError] | None = None) -> Bound:
    """Raises StrategyError, with its place, for a length or a look-back that these values make impossible.

    refused: where such errors go instead, all of them; what is bound is then of no use.
    """
    constants: list[float] = []
    look_back: list[int] = []
    warm_up: list[int] = []
    for number, node in enumerate(graph.nodes):
        constants.append(_constant(node, constants, values) if node.is_constant else math.nan)
        own = settle = before = warm = 0
        for operand in node.operands:
            before = max(before, look_back[operand])
            warm = max(warm, warm_up[operand])
        if node.op in REMEMBER:
            place = graph.places[number]
            try:
                own, settle = memory(node, constants, place)
                if before + own > MAX_LOOK_BACK:
                    sentence = f"looks back {before + own:,} bars, the limit is {MAX_LOOK_BACK:,}"
                    raise place.refusal(because("looks_back_too_far", sentence, bars=before + own, limit=MAX_LOOK_BACK))
            except StrategyError as error:
                if refused is None:
                    raise
                refused.append(error)
                own = settle = 0
        look_back.append(before + own)
        warm_up.append(warm + own + settle)
    return Bound(tuple(constants), tuple(look_back), tuple(warm_up))


def _constant(node: Node, constants: list[float], values: Mapping[str, float]) -> float:
    if node.op == "number":
        return float(node.value)
    if node.op == "parameter":
        return values[str(node.value)]
    return fold(node.op, *(constants[operand] for operand in node.operands))


_FOLD: dict[str, Callable[..., float]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
    "min": min,
    "max": max,
    "abs": abs,
}


def fold(op: str, *operands: float) -> float:
    """Arithmetic on constants as on series: what is not a finite number is unknown, NaN."""
    if any(math.isnan(operand) for operand in operands):
        return math.nan
    try:
        value = _FOLD[op](*operands)
    except (ZeroDivisionError, OverflowError):
        return math.nan
    return value if math.isfinite(value) else math.nan


REMEMBER = frozenset(("prev", "count", "bars_since", *INDICATORS))


def memory(node: Node, constants: Mapping[int, float] | Sequence[float], place: Place) -> tuple[int, int]:
    """The bars that a node itself looks back, and those until its beginning no longer shows."""
    if node.op == "bars_since":
        return 0, REMEMBERED
    if node.op == "prev":
        # Of a chain of them this is the sum; how far it may look back is checked for all nodes alike.
        return _whole(constants[node.operands[1]], "bars", "prev", (1, math.inf), place, -1), 0
    if node.op == "count":
        return _whole(constants[node.operands[1]], "length", "count", (1, MAX_LOOK_BACK), place, -1) - 1, 0
    indicator = INDICATORS[node.op]
    inputs = indicator.takes_source + len(indicator.inputs)
    parameters: list[float] = []
    for number, (parameter, operand) in enumerate(zip(indicator.parameters, node.operands[inputs:], strict=True)):
        value, at = constants[operand], 1 + indicator.takes_source + number
        bounds = parameter.minimum, parameter.maximum
        if parameter.whole:
            parameters.append(_whole(value, parameter.name, indicator.name, bounds, place, at))
        else:
            _within(value, parameter.name, indicator.name, bounds, place, at)
            parameters.append(value)
    return indicator.look_back(*parameters), indicator.settle(*parameters)


def _whole(value: float, name: str, of: str, bounds: tuple[float, float], place: Place, at: int) -> int:
    if not value.is_integer():
        raise place.refusal(because("not_whole", f"{of} needs a whole number as {name}; found {value:g}"), at)
    _within(value, name, of, bounds, place, at)
    return int(value)


def _within(value: float, name: str, of: str, bounds: tuple[float, float], place: Place, at: int) -> None:
    low, high = bounds
    if not low <= value <= high:
        limits = f"{low:g} to {high:,.6g}" if high < math.inf else f"at least {low:g}"
        sentence = f"{name} of {of} must be {limits}; found {value:g}"
        most = "∞" if high == math.inf else f"{high:,.6g}"
        raise place.refusal(because("out_of_range", sentence, least=low, most=most), at)
