"""The parameters of many runs get their values at once: engine.binding, for whole columns of combinations."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.binding import MAX_LOOK_BACK, REMEMBER, memory
from engine.graph import Graph
from engine.grid import Grid


@dataclass(frozen=True, slots=True)
class BoundGrid:
    """constants: (nodes, k) float64, NaN for nodes that are none. look_back, warm_up: (nodes,), the largest of all."""

    constants: NDArray[np.float64]
    look_back: NDArray[np.int64]
    warm_up: NDArray[np.int64]


_FOLD: dict[str, Any] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
    "min": np.minimum,
    "max": np.maximum,
    "abs": np.abs,
}


def bind_grid(graph: Graph, defaults: dict[str, float], grid: Grid) -> BoundGrid:
    """defaults: of the parameters that the grid does not vary. Raises StrategyError as `bind` does."""
    nodes, count = graph.nodes, grid.count
    constants = np.full((len(nodes), count), np.nan)
    look_back = np.zeros((len(nodes), count), dtype=np.int64)
    warm_up = np.zeros((len(nodes), count), dtype=np.int64)
    for number, node in enumerate(nodes):
        if node.op == "number":
            constants[number] = float(node.value)
        elif node.op == "parameter":
            name = str(node.value)
            constants[number] = grid.values[name] if name in grid.values else defaults[name]
        elif node.is_constant:
            with np.errstate(all="ignore"):
                value = _FOLD[node.op](*(constants[operand] for operand in node.operands))
            # A minimum of something unknown is unknown; so is what no number can hold.
            unknown = np.isnan(constants[list(node.operands)]).any(axis=0) | ~np.isfinite(value)
            constants[number] = np.where(unknown, np.nan, value)
        if not node.operands:
            continue
        operands = list(node.operands)
        look_back[number] = look_back[operands].max(axis=0)
        warm_up[number] = warm_up[operands].max(axis=0)
        if node.op in REMEMBER:
            own, settle = _memories(graph, number, constants)
            look_back[number] += own
            warm_up[number] += own + settle
            if (own > 0).any() and look_back[number].max() > MAX_LOOK_BACK:
                place = graph.places[number]
                reason = f"looks back {look_back[number].max():,} bars, the limit is {MAX_LOOK_BACK:,}"
                raise place.refusal(reason)
    return BoundGrid(constants, look_back.max(axis=1), warm_up.max(axis=1))


def _memories(graph: Graph, number: int, constants: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What a node looks back in each combination; asked once for each set of lengths that it meets."""
    node = graph.nodes[number]
    lengths = [operand for operand in node.operands if graph.nodes[operand].is_constant]
    if not lengths:
        own, settle = memory(node, {}, graph.places[number])
        count = constants.shape[1]
        return np.full(count, own), np.full(count, settle)
    met, which = distinct(constants[lengths])
    found = [memory(node, dict(zip(lengths, values, strict=True)), graph.places[number]) for values in met.T.tolist()]
    pairs = np.array(found, dtype=np.int64)[which]
    return pairs[:, 0], pairs[:, 1]


def distinct(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """The different columns of (r, k) values, (r, d), and which of them each of the k is.

    Row by row, as sorting whole columns costs ten times as much.
    """
    codes = np.zeros(rows.shape[1], dtype=np.intp)
    for row in rows:
        if (row != row[0]).any():
            met, which = np.unique(row, return_inverse=True)
            # Counted anew each time: products of counts would outgrow their type.
            codes = np.unique(codes * len(met) + which, return_inverse=True)[1]
    _, first, which = np.unique(codes, return_index=True, return_inverse=True)
    return rows[:, first], which
