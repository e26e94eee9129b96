"""Exits that depend on the open position: what of them the simulation itself must compute, bar by bar."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.graph import Graph
from engine.opcodes import POSITION_NAMES
from engine.program import BITWISE


@dataclass(frozen=True, slots=True)
class ExitPlan:
    """An ExitProgram whose columns and constants are still nodes. Its fields: see engine.opcodes.ExitProgram."""

    columns: tuple[int, ...]
    constants: tuple[int, ...]
    code: NDArray[np.int32]
    long: int
    short: int


def plan_exits(graph: Graph, exit_long: int | None, exit_short: int | None) -> ExitPlan | None:
    """None where no exit depends on the position."""
    roots = [node for node in (exit_long, exit_short) if node is not None and graph.nodes[node].is_positional]
    if not roots:
        return None
    order = _positional(graph, roots)
    operands = list(dict.fromkeys(operand for number in order for operand in graph.nodes[number].operands))
    columns = [n for n in operands if not (graph.nodes[n].is_positional or graph.nodes[n].is_constant)]
    constants = [n for n in operands if graph.nodes[n].is_constant]
    register = {number: at for at, number in enumerate((*columns, *constants))}
    first_name = len(register)
    code: list[tuple[int, int, int]] = []
    for number in order:
        node = graph.nodes[number]
        if node.op in POSITION_NAMES:
            register[number] = first_name + POSITION_NAMES.index(node.op)
        else:
            a, b = node.operands[0], node.operands[-1]
            code.append((BITWISE[node.op], register[a], register[b]))
            register[number] = first_name + len(POSITION_NAMES) + len(code) - 1
    return ExitPlan(
        columns=tuple(columns),
        constants=tuple(constants),
        code=np.array(code, dtype=np.int32),
        long=_register_of(exit_long, roots, register),
        short=_register_of(exit_short, roots, register),
    )


def _positional(graph: Graph, roots: list[int]) -> list[int]:
    """The nodes below roots that only the simulation can compute, in the order of the graph."""
    needed = set(roots)
    for number in range(max(roots), -1, -1):
        if number in needed:
            needed.update(operand for operand in graph.nodes[number].operands if graph.nodes[operand].is_positional)
    return sorted(needed)


def _register_of(node: int | None, roots: list[int], register: Mapping[int, int]) -> int:
    return -1 if node is None or node not in roots else register[node]
