"""A strategy's graph laid out for the machine: which series are held as columns, in which order they are computed.

    stage 0:  kernels over prices          → columns
              program over prices, columns → columns that later kernels need, flags of signals
    stage 1:  kernels over those columns …

What works bar by bar (arithmetic, comparisons, logic) runs in registers, block by block. Only indicators, and what
looks back at something computed, need whole columns. Nearly every strategy is one stage.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.errors import StrategyError
from engine.graph import Graph, Kind, Node
from engine.indicators import INDICATORS
from engine.opcodes import Op

PRICES = ("open", "high", "low", "close", "volume")
SESSION = -1
#: Each is 8 bytes a bar, so 5,000,000 bars hold at most 2.5 GB.
MAX_COLUMNS = 64

BITWISE: dict[str, Op] = {op.name.lower(): op for op in Op if op <= Op.NOT}


@dataclass(frozen=True, slots=True)
class Call:
    """One kernel. inputs, outputs: columns, or SESSION. parameters: nodes of constants."""

    kernel: str
    inputs: tuple[int, ...]
    parameters: tuple[int, ...]
    outputs: tuple[int, ...]
    whole: tuple[bool, ...] = ()


@dataclass(frozen=True, slots=True)
class Program:
    """code: see engine.kernels.evaluate.run_program. constants: nodes. lags: nodes, −1 for none."""

    code: NDArray[np.int32]
    constants: tuple[int, ...]
    lags: tuple[int, ...]
    numbers: int
    truths: int


@dataclass(frozen=True, slots=True)
class Stage:
    calls: tuple[Call, ...]
    program: Program | None


@dataclass(frozen=True, slots=True)
class Plan:
    """columns: how many beside the prices. column_of: where nodes' values are kept that are wanted whole."""

    stages: tuple[Stage, ...]
    columns: int
    column_of: Mapping[int, int]


def lay_out(graph: Graph, flags: Mapping[int, int], wanted: Iterable[int]) -> Plan:
    """flags: bits by the node of the rule that sets them. wanted: nodes whose values are needed as columns.

    Raises StrategyError for a strategy that would hold more than MAX_COLUMNS series.
    """
    return _Layout(graph, dict(flags), tuple(wanted)).plan()


@dataclass(slots=True)
class _Layout:
    graph: Graph
    flags: dict[int, int]
    wanted: tuple[int, ...]
    used: list[bool] = field(default_factory=list)
    levels: dict[int, int] = field(default_factory=dict)
    columns: dict[int, int] = field(default_factory=dict)
    stored: set[int] = field(default_factory=set)
    calls: dict[tuple[str, tuple[int, ...]], Call] = field(default_factory=dict)
    call_levels: dict[tuple[str, tuple[int, ...]], int] = field(default_factory=dict)
    count: int = 0

    def plan(self) -> Plan:
        nodes = self.graph.nodes
        order = self.order()
        for number in order:
            self.place(number, nodes[number])
        for number in self.wanted:
            self.keep(number)
        if self.count > MAX_COLUMNS:
            reason = f"holds {self.count} series of indicators and of what looks back; the limit is {MAX_COLUMNS}"
            raise StrategyError("definition", reason)
        stages = []
        for level in range(1 + max(self.levels.values(), default=0)):
            calls = tuple(call for key, call in self.calls.items() if self.call_levels[key] == level)
            here = [n for n in order if self.levels[n] == level and self.is_computed_in_registers(nodes[n])]
            program = (
                _Assembly(self, here).program() if any(n in self.stored or n in self.flags for n in here) else None
            )
            stages.append(Stage(calls, program))
        return Plan(tuple(stages), self.count, self.columns)

    def order(self) -> list[int]:
        """The nodes that something needs, in the order of the graph."""
        nodes = self.graph.nodes
        needed = set(self.flags) | set(self.wanted)
        for number in range(len(nodes) - 1, -1, -1):
            if number in needed:
                needed.update(nodes[number].operands)
        return sorted(needed)

    @staticmethod
    def is_computed_in_registers(node: Node) -> bool:
        return not node.is_constant and (node.op in BITWISE or node.op == "prev")

    def place(self, number: int, node: Node) -> None:
        """Settle at which level a node is computed, and which of its operands must be columns for it."""
        if node.is_constant:
            self.levels[number] = 0
        elif node.op in PRICES:
            self.levels[number], self.columns[number] = 0, PRICES.index(node.op)
        elif node.op == "session":
            self.levels[number], self.columns[number] = 0, SESSION
        elif node.op in BITWISE:
            self.levels[number] = max(self.levels[operand] for operand in node.operands)
            for operand in node.operands:
                if self.levels[operand] < self.levels[number]:
                    self.keep(operand)
        elif node.op == "prev":
            self.levels[number] = self.ready(node.operands[0])
        else:
            self.call(number, node)

    def ready(self, number: int) -> int:
        """The level from whose start on a node is a column."""
        self.keep(number)
        return self.levels[number] + self.is_computed_in_registers(self.graph.nodes[number])

    def keep(self, number: int) -> None:
        node = self.graph.nodes[number]
        if number in self.columns or node.is_constant:
            return
        self.columns[number] = self.column()
        self.stored.add(number)

    def column(self) -> int:
        self.count += 1
        return len(PRICES) + self.count - 1

    def call(self, number: int, node: Node) -> None:
        """Names that one kernel computes together share a call."""
        indicator = INDICATORS.get(node.op)
        if indicator is None:
            kernel, outputs, output, inputs = node.op, 1, 0, 1
            whole: tuple[bool, ...] = (True,) * (len(node.operands) - 1)
        else:
            kernel, outputs, output = indicator.kernel, indicator.outputs, indicator.output
            inputs = indicator.takes_source + len(indicator.inputs)
            whole = tuple(parameter.whole for parameter in indicator.parameters)
        key = (kernel, node.operands)
        if key not in self.calls:
            level = max((self.ready(operand) for operand in node.operands[:inputs]), default=0)
            sources = tuple(self.columns[operand] for operand in node.operands[:inputs])
            written = tuple(self.column() for _ in range(outputs))
            self.calls[key] = Call(kernel, sources, node.operands[inputs:], written, whole)
            self.call_levels[key] = level
        self.levels[number] = self.call_levels[key]
        self.columns[number] = self.calls[key].outputs[output]


class _Assembly:
    """The program of one stage. Registers are given back after their last use."""

    def __init__(self, layout: _Layout, here: list[int]) -> None:
        self.layout = layout
        self.nodes = layout.graph.nodes
        self.here = here
        self.in_registers = set(here)
        self.constants: dict[int, int] = {}
        self.lags: dict[int, int] = {-1: 0}
        self.code: list[tuple[int, int, int, int]] = []
        self.register: dict[int, int] = {}
        self.free: dict[Kind, list[int]] = {Kind.NUMBER: [], Kind.TRUTH: []}
        self.made: dict[Kind, int] = {Kind.NUMBER: 0, Kind.TRUTH: 0}
        self.uses: dict[int, int] = {}
        for number in here:
            node = self.nodes[number]
            for operand in self.operands(node):
                self.uses[operand] = self.uses.get(operand, 0) + 1
                if self.nodes[operand].is_constant:
                    self.constants.setdefault(operand, len(self.constants))
        self.made[Kind.NUMBER] = len(self.constants)

    @staticmethod
    def operands(node: Node) -> tuple[int, ...]:
        """Those that must be in registers; prev reads its operand's column."""
        return () if node.op == "prev" else node.operands

    def program(self) -> Program:
        for number in self.here:
            self.compute(number, self.nodes[number])
        return Program(
            code=np.array(self.code, dtype=np.int32),
            constants=tuple(self.constants),
            lags=tuple(self.lags),
            numbers=self.made[Kind.NUMBER],
            truths=self.made[Kind.TRUTH],
        )

    def compute(self, number: int, node: Node) -> None:
        if node.op == "prev":
            self.load(number, node.kind, self.layout.columns[node.operands[0]], node.operands[1])
        else:
            read = [self.operand(operand) for operand in node.operands]
            # Element by element, an operation may write over what it reads.
            for operand in node.operands:
                self.release(operand)
            self.emit(BITWISE[node.op], self.take(number, node.kind), read[0], read[-1])
        register = self.register[number]
        if number in self.layout.stored:
            op = Op.STORE if node.kind is Kind.NUMBER else Op.STORE_TRUTH
            self.emit(op, self.layout.columns[number], register, 0)
        if number in self.layout.flags:
            self.emit(Op.FLAG, self.layout.flags[number], register, 0)
        if not self.uses.get(number):
            self.free[node.kind].append(register)

    def operand(self, number: int) -> int:
        if number in self.constants:
            return self.constants[number]
        if number not in self.register:
            self.load(number, self.nodes[number].kind, self.layout.columns[number], -1)
        return self.register[number]

    def load(self, number: int, kind: Kind, column: int, lag: int) -> None:
        op = Op.LOAD if kind is Kind.NUMBER else Op.LOAD_TRUTH
        self.emit(op, self.take(number, kind), column, self.lags.setdefault(lag, len(self.lags)))

    def take(self, number: int, kind: Kind) -> int:
        if self.free[kind]:
            self.register[number] = self.free[kind].pop()
        else:
            self.register[number] = self.made[kind]
            self.made[kind] += 1
        return self.register[number]

    def release(self, number: int) -> None:
        """One use less of it. An operand that is named twice in a row counts twice."""
        self.uses[number] -= 1
        if self.uses[number] == 0 and number not in self.constants:
            self.free[self.nodes[number].kind].append(self.register[number])

    def emit(self, op: Op, out: int, a: int, b: int) -> None:
        self.code.append((op, out, a, b))
