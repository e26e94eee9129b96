"""What rules compile to: computations that name each other by number, equal ones only once.

A parameter is a node like any other, so one graph serves every value that the parameter takes.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from engine.errors import StrategyError


class Kind(StrEnum):
    NUMBER = "number"
    TRUTH = "truth"


class Node(NamedTuple):
    """One computation. operands are numbers of earlier nodes.

    value: of a number; the name of a parameter. is_constant: the same on every bar. is_positional: known only while a
    position is simulated.
    """

    op: str
    kind: Kind
    operands: tuple[int, ...] = ()
    value: float | str = 0.0
    is_constant: bool = False
    is_positional: bool = False


class Place(NamedTuple):
    """Where something is said. columns, ends: of the call and of each of its arguments in a text, from 1, and after."""

    where: str
    columns: tuple[int | None, ...]
    ends: tuple[int | None, ...]

    def refusal(self, reason: str, at: int = 0) -> StrategyError:
        """Of the call, or of its argument of that number, from 1."""
        return StrategyError(self.where, reason, column=self.columns[at], end=self.ends[at])


@dataclass(slots=True)
class Graph:
    """Nodes in the order in which they can be computed. places: of the nodes that may yet be refused."""

    nodes: list[Node] = field(default_factory=list)
    places: dict[int, Place] = field(default_factory=dict)
    _numbers: dict[Node, int] = field(default_factory=dict)

    def add(self, node: Node) -> int:
        """The number of this node; the same for an equal one."""
        number = self._numbers.setdefault(node, len(self.nodes))
        if number == len(self.nodes):
            self.nodes.append(node)
        return number

    def number(self, value: float) -> int:
        return self.add(Node("number", Kind.NUMBER, value=value, is_constant=True))

    def parameter(self, name: str) -> int:
        return self.add(Node("parameter", Kind.NUMBER, value=name, is_constant=True))

    def series(self, name: str) -> int:
        return self.add(Node(name, Kind.NUMBER))

    def combine(self, op: str, kind: Kind, *operands: int) -> int:
        """An operation bar by bar. Of constants a number is constant, too; a truth is computed all the same."""
        nodes = [self.nodes[operand] for operand in operands]
        return self.add(
            Node(
                op,
                kind,
                operands,
                is_constant=kind is Kind.NUMBER and all(node.is_constant for node in nodes),
                is_positional=any(node.is_positional for node in nodes),
            )
        )

    def prev(self, operand: int, lag: int) -> int:
        """The operand as it was `lag` bars ago; lag is the number of a constant node."""
        node = self.nodes[operand]
        if node.is_constant:
            return operand
        if node.op == "prev":
            operand, earlier = node.operands
            lag = self.combine("add", Kind.NUMBER, earlier, lag)
        return self.add(Node("prev", node.kind, (operand, lag)))
