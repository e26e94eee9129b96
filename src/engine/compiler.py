"""A rule's text becomes nodes of a graph that all rules of a strategy share. Text is read, never evaluated.

    text ── words checked ── ast.parse ── typed, bounded, folded ── node numbers of the Graph

Equal sub-expressions are one node, so `sma(close, 50)` written twice is computed once.
"""

import ast
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from engine.errors import StrategyError, nearest
from engine.graph import Graph, Kind, Node, fold
from engine.indicators import INDICATORS, Indicator

MAX_CHARACTERS = 2_000
MAX_NODES = 256
MAX_DEPTH = 32
MAX_LOOK_BACK = 5_000

SERIES = ("open", "high", "low", "close", "volume")
CROSSES = ("crosses_above", "crosses_below")
RESERVED = frozenset((*SERIES, *CROSSES, *INDICATORS, "and", "or", "not"))

_WORDS = re.compile(
    r"(?P<space>[ \t\r\n]+)|(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)(?P<tail>[A-Za-z0-9_.]*)"
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)|(?P<sign>[<>=!]=|[-+*/<>(),])"
)


ARITHMETIC: dict[type[ast.operator], str] = {ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div"}
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Gt: "gt",
    ast.GtE: "ge",
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Eq: "eq",
    ast.NotEq: "ne",
}


def names_in(text: str, where: str) -> set[str]:
    """The names that a rule's text mentions."""
    return {node.id for node in ast.walk(_parse(text, where)) if isinstance(node, ast.Name)}


def read_rule(text: str, *, where: str, graph: Graph, names: Mapping[str, int], expected: Kind | None = None) -> int:
    """The node number of a rule's value, its nodes added to graph.

    where: the member of the definition, for errors. names: node numbers of parameters and `let` names. Raises
    StrategyError with the column for anything that is not in the language or beyond its bounds.
    """
    reader = _Reader(where, graph, names)
    tree = _parse(text, where)
    node = reader.read(tree, depth=1)
    if expected is not None:
        reader.expect(expected, node, tree)
    return node


def _parse(text: str, where: str) -> ast.expr:
    if len(text) > MAX_CHARACTERS:
        raise StrategyError(where, f"{len(text):,} characters, the limit is {MAX_CHARACTERS:,}")
    _refuse_foreign_words(text, where)
    flat = re.sub(r"\s", " ", text)
    indent = len(flat) - len(flat.lstrip())
    if not flat.strip():
        raise StrategyError(where, "the rule is empty; write an expression or null")
    try:
        tree = ast.parse(flat.strip(), mode="eval").body
    except SyntaxError as error:
        length = len(flat.strip())
        column = indent + max(1, min(error.offset or length, length))
        raise StrategyError(where, f"not a complete expression ({error.msg})", column=column) from None
    except (ValueError, MemoryError, RecursionError):
        raise StrategyError(where, f"nested deeper than {MAX_DEPTH} levels") from None
    count = sum(isinstance(node, ast.expr) for node in ast.walk(tree))
    if count > MAX_NODES:
        raise StrategyError(where, f"{count} terms, the limit is {MAX_NODES}")
    for node in ast.walk(tree):
        if isinstance(node, ast.expr):
            node.col_offset += indent
    return tree


def _refuse_foreign_words(text: str, where: str) -> None:
    """Let through only what the language is made of, so that the parser never meets a string, a lambda or a null."""
    at = 0
    while at < len(text):
        word = _WORDS.match(text, at)
        if word is None:
            raise StrategyError(where, f"{text[at]!r} is not part of the rule language", column=at + 1)
        if word["tail"]:
            raise StrategyError(where, f"{word[0]!r} is not a number", column=at + 1)
        at = word.end()


@dataclass(frozen=True, slots=True)
class _Reader:
    where: str
    graph: Graph
    names: Mapping[str, int]

    def read(self, tree: ast.expr, depth: int) -> int:  # noqa: PLR0911 a case a form, a return a case
        if depth > MAX_DEPTH:
            raise self.refusal(f"nested deeper than {MAX_DEPTH} levels", tree)
        match tree:
            case ast.Constant(value=value) if isinstance(value, int | float) and not isinstance(value, bool):
                return self.graph.number(self.finite(value, tree))
            case ast.Name(id=name):
                return self.name(name, tree)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in ARITHMETIC:
                operands = self.read_all(Kind.NUMBER, (left, right), depth)
                return self.arithmetic(ARITHMETIC[type(op)], *operands)
            case ast.UnaryOp(op=op, operand=operand):
                return self.unary(op, operand, depth)
            case ast.BoolOp(op=op, values=values):
                return self.chain("and" if isinstance(op, ast.And) else "or", self.read_all(Kind.TRUTH, values, depth))
            case ast.Compare():
                return self.comparison(tree, depth)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                return self.call(name, args, tree, depth)
        raise self.refusal("this is not part of the rule language", tree)

    def unary(self, op: ast.unaryop, operand: ast.expr, depth: int) -> int:
        if isinstance(op, ast.Not):
            return self.graph.combine("not", Kind.TRUTH, *self.read_all(Kind.TRUTH, (operand,), depth))
        number = self.read_all(Kind.NUMBER, (operand,), depth)[0]
        # The words let no ~ through, so what is left is a plus or a minus.
        return self.arithmetic("sub", self.graph.number(0.0), number) if isinstance(op, ast.USub) else number

    def read_all(self, kind: Kind, trees: Iterable[ast.expr], depth: int) -> list[int]:
        return [self.expect(kind, self.read(tree, depth + 1), tree) for tree in trees]

    def expect(self, kind: Kind, node: int, tree: ast.expr) -> int:
        found = self.graph.nodes[node].kind
        if found is not kind:
            raise self.refusal(f"expected a {kind} here, this is a {found}", tree)
        return node

    def refusal(self, reason: str, tree: ast.expr, *, near: str | None = None) -> StrategyError:
        return StrategyError(self.where, reason, column=tree.col_offset + 1, near=near)

    def finite(self, value: float, tree: ast.expr) -> float:
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isinf(number):
            raise self.refusal("the number is too large", tree)
        return number

    def name(self, name: str, tree: ast.expr) -> int:
        if name in self.names:
            return self.names[name]
        if name in SERIES:
            return self.graph.add(Node(name, Kind.NUMBER))
        if name in RESERVED:
            raise self.refusal(f"{name!r} is a function; write {name}(…)", tree)
        raise self.refusal(f"unknown name {name!r}", tree, near=nearest(name, (*self.names, *SERIES)))

    def arithmetic(self, op: str, left: int, right: int) -> int:
        nodes = self.graph.nodes
        if nodes[left].is_constant and nodes[right].is_constant:
            return self.graph.number(fold(op, nodes[left].constants[0], nodes[right].constants[0]))
        return self.graph.combine(op, Kind.NUMBER, left, right)

    def chain(self, op: str, operands: list[int]) -> int:
        result = operands[0]
        for operand in operands[1:]:
            result = self.graph.combine(op, Kind.TRUTH, result, operand)
        return result

    def comparison(self, tree: ast.Compare, depth: int) -> int:
        operands = self.read_all(Kind.NUMBER, (tree.left, *tree.comparators), depth)
        links = []
        for op, left, right in zip(tree.ops, operands, operands[1:], strict=False):
            if type(op) not in COMPARISONS:
                raise self.refusal("this comparison is not part of the rule language", tree)
            links.append(self.graph.combine(COMPARISONS[type(op)], Kind.TRUTH, left, right))
        return self.chain("and", links)

    def call(self, name: str, args: list[ast.expr], tree: ast.Call, depth: int) -> int:
        if name in CROSSES:
            return self.cross(name, args, tree, depth)
        if name in INDICATORS:
            return self.indicator(INDICATORS[name], args, tree, depth)
        if name in self.names or name in SERIES:
            raise self.refusal(f"{name!r} is not a function", tree)
        raise self.refusal(f"unknown function {name!r}", tree, near=nearest(name, (*INDICATORS, *CROSSES)))

    def cross(self, name: str, args: list[ast.expr], tree: ast.Call, depth: int) -> int:
        """Above now and not above on the bar before, so a pause on equality still crosses."""
        if len(args) != 2:
            raise self.refusal(f"{name} takes two values, {name}(a, b); found {len(args)}", tree)
        a, b = self.read_all(Kind.NUMBER, args, depth)
        now, before = ("gt", "le") if name == "crosses_above" else ("lt", "ge")
        earlier = self.graph.combine(before, Kind.TRUTH, a, b)
        shifted = self.graph.combine("before", Kind.TRUTH, earlier, extra_look_back=1)
        return self.bounded(self.chain("and", [self.graph.combine(now, Kind.TRUTH, a, b), shifted]), tree)

    def indicator(self, indicator: Indicator, args: list[ast.expr], tree: ast.Call, depth: int) -> int:
        if len(args) != 1 + len(indicator.lengths):
            raise self.refusal(f"{indicator.usage} takes {1 + len(indicator.lengths)} values; found {len(args)}", tree)
        source, *given = self.read_all(Kind.NUMBER, args, depth)
        if self.graph.nodes[source].is_constant:
            raise self.refusal(f"{indicator.name} needs a series, this is a constant", args[0])
        lengths = []
        for length, node, arg in zip(indicator.lengths, given, args[1:], strict=True):
            constants = self.graph.nodes[node].constants
            if not constants or not constants[0].is_integer():
                raise self.refusal(f"{indicator.name} needs a whole number as {length.name}", arg)
            if not length.minimum <= constants[0] <= length.maximum:
                reason = f"{length.name} of {indicator.name} must be {length.minimum} to {length.maximum:,}"
                raise self.refusal(f"{reason}; found {constants[0]:g}", arg)
            lengths.append(constants[0])
        look_back = self.graph.nodes[source].look_back + indicator.look_back(*map(int, lengths))
        node = self.graph.add(Node(indicator.name, Kind.NUMBER, (source,), tuple(lengths), look_back))
        return self.bounded(node, tree)

    def bounded(self, node: int, tree: ast.expr) -> int:
        look_back = self.graph.nodes[node].look_back
        if look_back > MAX_LOOK_BACK:
            raise self.refusal(f"looks back {look_back:,} bars, the limit is {MAX_LOOK_BACK:,}", tree)
        return node
