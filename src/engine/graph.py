"""What rules compile to: computations that name each other by number, equal ones only once."""

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    NUMBER = "number"
    TRUTH = "truth"


@dataclass(frozen=True, slots=True)
class Node:
    """One computation. operands are numbers of earlier nodes; look_back is in bars."""

    op: str
    kind: Kind
    operands: tuple[int, ...] = ()
    constants: tuple[float, ...] = ()
    look_back: int = 0

    @property
    def is_constant(self) -> bool:
        return self.op == "number"


@dataclass(slots=True)
class Graph:
    """Nodes in the order in which they can be computed."""

    nodes: list[Node] = field(default_factory=list)
    _numbers: dict[Node, int] = field(default_factory=dict)

    def add(self, node: Node) -> int:
        """The number of this node; the same for an equal one."""
        if node not in self._numbers:
            self._numbers[node] = len(self.nodes)
            self.nodes.append(node)
        return self._numbers[node]

    def number(self, value: float) -> int:
        return self.add(Node("number", Kind.NUMBER, constants=(value,)))

    def combine(self, op: str, kind: Kind, *operands: int, extra_look_back: int = 0) -> int:
        look_back = max(self.nodes[operand].look_back for operand in operands) + extra_look_back
        return self.add(Node(op, kind, operands, look_back=look_back))


_FOLD: dict[str, Callable[[float, float], float]] = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "div": operator.truediv,
}


def fold(op: str, left: float, right: float) -> float:
    """Arithmetic on constants as on series: what is not a finite number is unknown, NaN."""
    try:
        value = _FOLD[op](left, right)
    except (ZeroDivisionError, OverflowError):
        return math.nan
    return value if math.isfinite(value) else math.nan
