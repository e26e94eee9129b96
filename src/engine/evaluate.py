"""A strategy's graph over bars: one pass in node order, whole arrays at a time.

Truth is a byte, so that three-valued logic is bit logic: true FF, unknown F0, false 00. `and` is &, `or` is |, `not`
swaps the halves and inverts. A comparison with NaN is unknown, and unknown is no signal.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.bars import Bars
from engine.compiler import SERIES
from engine.graph import Node
from engine.kernels.catalogue import KERNELS as _KERNELS
from engine.rules import Strategy
from engine.series import Prices
from engine.signals import ENTRY_LONG, EXIT_LONG, Signals

TRUE = np.uint8(0xFF)
UNKNOWN = np.uint8(0xF0)
FALSE = np.uint8(0x00)

Value = NDArray[Any]

KERNELS = _KERNELS
_ARITHMETIC: dict[str, Callable[..., Value]] = {
    "add": np.add,
    "sub": np.subtract,
    "mul": np.multiply,
    "div": np.divide,
}
_COMPARISONS: dict[str, Callable[..., Value]] = {
    "gt": np.greater,
    "ge": np.greater_equal,
    "lt": np.less,
    "le": np.less_equal,
    "eq": np.equal,
    "ne": np.not_equal,
}


def signals(
    strategy: Strategy, prices: Prices, on_node: Callable[[int, int], None] = lambda _done, _all: None
) -> Signals:
    """What the strategy's rules say of each bar.

    on_node(done, all) is called after every node, for progress; what it raises ends the evaluation.
    """
    bars = prices.bars
    values: dict[int, Value] = {}
    last_use = _last_uses(strategy)
    for number, node in enumerate(strategy.nodes):
        values[number] = _compute(node, [values[operand] for operand in node.operands], bars)
        # A long rule over a million bars holds few arrays at a time.
        for spent in {number, *node.operands}:
            if last_use[spent] <= number:
                del values[spent]
        on_node(number + 1, len(strategy.nodes))
    flags = _as_signal(values[strategy.entry_long], len(bars)) * np.uint8(ENTRY_LONG)
    if strategy.exit_long is not None:
        flags |= _as_signal(values[strategy.exit_long], len(bars)) * np.uint8(EXIT_LONG)
    return Signals(flags)


def _last_uses(strategy: Strategy) -> list[int]:
    last_use = list(range(len(strategy.nodes)))
    for number, node in enumerate(strategy.nodes):
        for operand in node.operands:
            last_use[operand] = number
    for kept in (strategy.entry_long, strategy.exit_long):
        if kept is not None:
            last_use[kept] = len(strategy.nodes)
    return last_use


def _compute(node: Node, operands: list[Value], bars: Bars) -> Value:
    if node.op == "number":
        return np.array(node.constants[0])
    if node.op in SERIES:
        return np.asarray(getattr(bars, node.op))
    if node.op in KERNELS:
        return KERNELS[node.op](*operands, *map(int, node.constants))
    if node.op in _ARITHMETIC:
        return _arithmetic(node.op, *operands)
    if node.op in _COMPARISONS:
        return _comparison(node.op, *operands)
    return _LOGIC[node.op](*(np.broadcast_to(operand, len(bars)) for operand in operands))


def _arithmetic(op: str, left: Value, right: Value) -> Value:
    with np.errstate(all="ignore"):
        result = np.asarray(_ARITHMETIC[op](left, right))
    # As in constants: a quotient by zero or an overflow is unknown, not infinite.
    result[~np.isfinite(result)] = np.nan
    return result


def _comparison(op: str, left: Value, right: Value) -> Value:
    unknown = np.isnan(left) | np.isnan(right)
    return np.where(unknown, UNKNOWN, np.where(_COMPARISONS[op](left, right), TRUE, FALSE))


def _not(truth: Value) -> Value:
    return ~((truth << np.uint8(4)) | (truth >> np.uint8(4)))


def _before(truth: Value) -> Value:
    shifted = np.empty_like(truth)
    shifted[:1] = UNKNOWN
    shifted[1:] = truth[:-1]
    return shifted


_LOGIC: dict[str, Callable[..., Value]] = {
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "not": _not,
    "before": _before,
}


def _as_signal(truth: Value, n: int) -> NDArray[np.uint8]:
    return np.ascontiguousarray(np.broadcast_to(truth == TRUE, n), dtype=np.uint8)
