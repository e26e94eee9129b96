"""A grid of parameters: which values each one takes, and which combinations of them are meant.

    {"fast": [5, 10, 20], "slow": {"from": 20, "to": 200, "step": 5}}    where: "fast < slow"

Combinations come in the order of the parameters as written, the last one running fastest.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.compiler import read_rule
from engine.errors import GridTooLarge, StrategyError, nearest
from engine.graph import Graph, Kind
from engine.numbers import number_of
from engine.parameters import Parameter
from engine.reasons import because

#: A combination keeps a dozen numbers in the result; a grid is spanned before `where` picks from it.
MAX_COMBINATIONS = 100_000
MAX_SPAN = 1_000_000
MAX_AXES = 8
_AXIS_FORM = 'must be a list of numbers, or an object such as {"from": 5, "to": 50, "step": 5}'
_DIGITS = 12


@dataclass(frozen=True, slots=True)
class Grid:
    """values: for each parameter the (k,) float64 it takes in each of the k combinations."""

    values: Mapping[str, NDArray[np.float64]]
    count: int

    def at(self, number: int) -> dict[str, float]:
        return {name: float(column[number]) for name, column in self.values.items()}


def span(axes: Mapping[str, Any], where: str | None, parameters: tuple[Parameter, ...]) -> Grid:
    """The combinations that a request asks for.

    Raises StrategyError, with the place, for an axis or a condition that cannot be; GridTooLarge with the count.
    """
    if not axes:
        raise StrategyError("grid", "names no parameter; a sweep needs at least one")
    if len(axes) > MAX_AXES:
        raise StrategyError(
            "grid", because("too_many", f"{len(axes)} parameters, the limit is {MAX_AXES}", limit=MAX_AXES)
        )
    known = {parameter.name: parameter for parameter in parameters}
    for name in axes:
        if name not in known:
            reason = "the strategy has no such parameter"
            raise StrategyError(f"grid.{name}", reason, near=nearest(str(name), known))
    # Counted before a single value is made: a range of 10^12 steps is refused, not built.
    counts = {name: _count(f"grid.{name}", axis) for name, axis in axes.items()}
    spanned = math.prod(counts.values())
    if spanned > MAX_SPAN or (where is None and spanned > MAX_COMBINATIONS):
        raise GridTooLarge(spanned, MAX_COMBINATIONS if where is None else MAX_SPAN)
    series = {name: _values(f"grid.{name}", axis, counts[name], known[name]) for name, axis in axes.items()}
    columns = [column.ravel() for column in np.meshgrid(*series.values(), indexing="ij")]
    values = dict(zip(series, columns, strict=True))
    if where is not None:
        kept = _condition(where, values)
        values = {name: column[kept] for name, column in values.items()}
    count = len(next(iter(values.values())))
    if count == 0:
        raise StrategyError("where", because("no_combination", "holds for no combination of the grid"))
    if count > MAX_COMBINATIONS:
        raise GridTooLarge(count, MAX_COMBINATIONS)
    return Grid(values, count)


def _count(where: str, axis: object) -> int:
    if isinstance(axis, list):
        if not axis:
            raise StrategyError(where, "names no value")
        return len(axis)
    if not isinstance(axis, Mapping) or set(axis) - {"step"} != {"from", "to"}:
        raise StrategyError(where, _AXIS_FORM)
    first, last, step = _range(where, axis)
    if not step > 0 or last < first:
        raise StrategyError(where, f"from {first:g} to {last:g} by {step:g} is no range; step must be above 0")
    # A last step that is short by rounding alone is a whole one: 0.1 to 0.3 by 0.1 has three.
    return int(min((last - first) / step + 1e-9, 1e18)) + 1


def _range(where: str, axis: Mapping[str, Any]) -> tuple[float, float, float]:
    first, last, step = (number_of(f"{where}.{key}", axis.get(key, 1)) for key in ("from", "to", "step"))
    return first, last, step


def _values(where: str, axis: Any, count: int, parameter: Parameter) -> NDArray[np.float64]:
    if isinstance(axis, list):
        values = [number_of(where, value) for value in axis]
        if len(set(values)) != len(values):
            raise StrategyError(where, "names a value twice")
    else:
        first, _, step = _range(where, axis)
        values = [round(first + number * step, _DIGITS) for number in range(count)]
    # Of a range the ends decide whether all are within the parameter's bounds; whole ones are looked at one by one.
    for value in values:
        try:
            parameter.checked(value)
        except StrategyError as error:
            raise StrategyError(where, error.reason) from None
    return np.array(values, dtype=np.float64)


_OF_PAIRS: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "min": np.minimum,
    "max": np.maximum,
    "abs": np.abs,
    "gt": np.greater,
    "ge": np.greater_equal,
    "lt": np.less,
    "le": np.less_equal,
    "eq": np.equal,
    "ne": np.not_equal,
    "and": np.logical_and,
    "or": np.logical_or,
    "not": np.logical_not,
}


def _condition(text: str, values: Mapping[str, NDArray[np.float64]]) -> NDArray[np.bool_]:
    """A condition in the language of rules over the parameters of the grid; what is not a number is not true."""
    graph = Graph()
    names = {name: graph.parameter(name) for name in values}
    root = read_rule(text, where="where", graph=graph, names=names, expected=Kind.TRUTH)
    found: list[Any] = []
    with np.errstate(all="ignore"):
        for node in graph.nodes:
            if node.op == "number":
                found.append(np.float64(node.value))
            elif node.op == "parameter":
                found.append(values[str(node.value)])
            elif node.op in _OF_PAIRS:
                found.append(_OF_PAIRS[node.op](*(found[operand] for operand in node.operands)))
            else:
                raise StrategyError(
                    "where", f"compares the grid's parameters with each other; {node.op} is none of them"
                )
    size = len(next(iter(values.values())))
    return np.broadcast_to(np.asarray(found[root], dtype=np.bool_), (size,))
