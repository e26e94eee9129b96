"""A rule's tree becomes nodes of a graph that all rules of a strategy share.

    text ── parse ── typed and bounded ── node numbers of the Graph

Equal sub-expressions are one node, so `sma(close, 50)` written twice is computed once. What depends on a parameter's
value (the length of a window, how far a rule looks back) is settled when values are bound: see engine.binding.
"""

import ast
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Any

from engine.errors import StrategyError, nearest
from engine.graph import Graph, Kind, Node
from engine.indicators import INDICATORS, Indicator
from engine.opcodes import POSITION_NAMES
from engine.parsing import ARITHMETIC, COMPARISONS, MAX_DEPTH, MAX_NODES, parse
from engine.rule_text import RuleText
from engine.words import DERIVED, FUNCTIONS, RESERVED, SERIES

_NUMBER, _TRUTH = Kind.NUMBER, Kind.TRUTH


def read_rule(
    text: str,
    *,
    where: str,
    graph: Graph,
    names: Mapping[str, int],
    expected: Kind | None = None,
    in_exit: bool = False,
    refused: list[StrategyError] | None = None,
) -> int:
    """The node number of a rule's value, its nodes added to graph.

    where: the member of the definition, for errors. names: node numbers of parameters and `let` names. in_exit: the
    rule may name what is known of the open position. Raises StrategyError with the column for anything that is not in
    the language or beyond its bounds. refused: the first one of each part of the rule is added to it, too.
    """
    tree, indent = parse(text, where)
    reader = _Reader(where, tree, indent, graph, names, in_exit, refused)
    node = reader.read(tree, 1)
    if expected is not None:
        reader.expect(expected, node, tree)
    return node


@dataclass(slots=True)
class _Reader(RuleText):
    graph: Graph
    names: Mapping[str, int]
    in_exit: bool
    refused: list[StrategyError] | None
    count: int = 0

    def read(self, tree: ast.expr, depth: int) -> int:
        if depth > MAX_DEPTH:
            raise self.refusal("too_deep", f"nested deeper than {MAX_DEPTH} levels", tree, limit=MAX_DEPTH)
        self.count += 1
        if self.count > MAX_NODES:
            raise self.too_long(MAX_NODES)
        form = _FORMS.get(type(tree))
        if form is None:
            raise self.refusal("not_in_language", "this is not part of the rule language", tree)
        return form(self, tree, depth)

    def expect(self, kind: Kind, node: int, tree: ast.expr) -> int:
        found = self.graph.nodes[node].kind
        if found is not kind:
            sentence = f"expected a {kind} here, this is a {found}"
            raise self.refusal("wrong_kind", sentence, tree, expected=kind, found=found)
        return node

    def typed(self, kind: Kind, tree: ast.expr, depth: int) -> int:
        return self.expect(kind, self.read(tree, depth), tree)

    def each(self, kinds: Iterable[Kind | None], trees: Sequence[ast.expr], depth: int) -> list[int]:
        """The parts of an expression, each of its kind. All are read, where all errors are wanted."""
        read: list[int] = []
        first: StrategyError | None = None
        for kind, tree in zip(kinds, trees, strict=False):
            try:
                read.append(self.read(tree, depth) if kind is None else self.typed(kind, tree, depth))
            except StrategyError as error:
                if self.refused is None:
                    raise
                if not any(error is told for told in self.refused):
                    self.refused.append(error)
                first = first or error
        if first is not None:
            raise first
        return read

    def known_ahead(self, node: int, tree: ast.expr, reader: str) -> int:
        if self.graph.nodes[node].is_positional:
            names = ", ".join(POSITION_NAMES)
            sentence = f"{reader} needs what is known before a position opens; {names} are not"
            raise self.refusal("known_too_late", sentence, tree, reader=reader, names=names)
        return node

    def same_on_every_bar(self, node: int, tree: ast.expr, need: str) -> None:
        if not self.graph.nodes[node].is_constant:
            raise self.refusal("not_constant", f"{need}, the same on every bar", tree)

    def constant(self, tree: ast.Constant, _depth: int) -> int:
        value = tree.value
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.refusal("not_in_language", f"{value!r} is not part of the rule language", tree, word=repr(value))
        try:
            number = float(value)
        except OverflowError:
            number = math.inf
        if math.isinf(number):
            raise self.refusal("number_too_large", "the number is too large", tree)
        return self.graph.number(number)

    def name(self, tree: ast.Name, _depth: int) -> int:
        name = tree.id
        if name in self.names:
            return self.names[name]
        if name in SERIES:
            return self.graph.series(name)
        if name in DERIVED:
            return self.derived(name)
        if name in POSITION_NAMES:
            if not self.in_exit:
                sentence = f"{name!r} is known only while a position is open; it can stand in exits"
                raise self.refusal("only_in_exits", sentence, tree, name=name)
            return self.graph.add(Node(name, _NUMBER, is_positional=True))
        if name in RESERVED:
            raise self.refusal("is_a_function", f"{name!r} is a function; write {name}(…)", tree, name=name)
        known = (*self.names, *SERIES, *DERIVED, *(POSITION_NAMES if self.in_exit else ()))
        raise self.refusal("unknown_name", f"unknown name {name!r}", tree, near=nearest(name, known), name=name)

    def derived(self, name: str) -> int:
        """hl2 is the middle of the bar, hlc3 its typical price."""
        add, series = self.graph.combine, self.graph.series
        total = add("add", _NUMBER, series("high"), series("low"))
        if name == "hlc3":
            total = add("add", _NUMBER, total, series("close"))
        return add("div", _NUMBER, total, self.graph.number(3.0 if name == "hlc3" else 2.0))

    def arithmetic(self, tree: ast.BinOp, depth: int) -> int:
        """A sum of many terms is a chain to the left; it is not nested for being long."""
        chain: list[ast.BinOp] = []
        left: ast.expr = tree
        while isinstance(left, ast.BinOp):
            chain.append(left)
            left = left.left
        self.count += len(chain) - 1
        value = self.typed(_NUMBER, left, depth + 1)
        for link in reversed(chain):
            op = ARITHMETIC.get(type(link.op))
            if op is None:
                raise self.refusal("not_in_language", "this is not part of the rule language", link)
            value = self.graph.combine(op, _NUMBER, value, self.typed(_NUMBER, link.right, depth + 1))
        return value

    def unary(self, tree: ast.UnaryOp, depth: int) -> int:
        if isinstance(tree.op, ast.Not):
            return self.graph.combine("not", _TRUTH, self.typed(_TRUTH, tree.operand, depth + 1))
        number = self.typed(_NUMBER, tree.operand, depth + 1)
        # The words let no ~ through, so what is left is a plus or a minus.
        if isinstance(tree.op, ast.UAdd):
            return number
        node = self.graph.nodes[number]
        if node.op == "number":
            return self.graph.number(-float(node.value))
        return self.graph.combine("sub", _NUMBER, self.graph.number(0.0), number)

    def logic(self, tree: ast.BoolOp, depth: int) -> int:
        op = "and" if isinstance(tree.op, ast.And) else "or"
        return self.chain(op, _TRUTH, self.each(repeat(_TRUTH), tree.values, depth + 1))

    def chain(self, op: str, kind: Kind, operands: Sequence[int]) -> int:
        result = operands[0]
        for operand in operands[1:]:
            result = self.graph.combine(op, kind, result, operand)
        return result

    def comparison(self, tree: ast.Compare, depth: int) -> int:
        trees = (tree.left, *tree.comparators)
        operands = self.each(repeat(_NUMBER), trees, depth + 1)
        links = []
        for op, left, right in zip(tree.ops, operands, operands[1:], strict=False):
            name = COMPARISONS.get(type(op))
            if name is None:
                raise self.refusal("not_in_language", "this comparison is not part of the rule language", tree)
            links.append(self.graph.combine(name, _TRUTH, left, right))
        return self.chain("and", _TRUTH, links)

    def call(self, tree: ast.Call, depth: int) -> int:
        if not isinstance(tree.func, ast.Name):
            raise self.refusal("not_in_language", "this is not part of the rule language", tree)
        if tree.keywords:
            sentence = f"arguments have no names here, found {tree.keywords[0].arg!r}"
            raise self.refusal("no_argument_names", sentence, tree)
        name = tree.func.id
        self.count += 1
        if name in INDICATORS:
            return self.indicator(INDICATORS[name], tree, depth)
        function = _CALLS.get(name)
        if function is not None:
            return function(self, name, tree, depth)
        if name in self.names or name in RESERVED:
            raise self.refusal("is_no_function", f"{name!r} is not a function", tree.func, name=name)
        near = nearest(name, (*INDICATORS, *FUNCTIONS))
        raise self.refusal("unknown_function", f"unknown function {name!r}", tree.func, near=near, name=name)

    def cross(self, name: str, tree: ast.Call, depth: int) -> int:
        """Above now and not above on the bar before, so a pause on equality still crosses."""
        a, b = self.arguments(name, tree, depth, (_NUMBER, _NUMBER))
        for node, arg in ((a, tree.args[0]), (b, tree.args[1])):
            self.known_ahead(node, arg, name)
        graph, one = self.graph, self.graph.number(1.0)
        now, before = ("gt", "le") if name == "crosses_above" else ("lt", "ge")
        earlier = graph.combine(before, _TRUTH, *(self.earlier(node, one, tree) for node in (a, b)))
        return graph.combine("and", _TRUTH, graph.combine(now, _TRUTH, a, b), earlier)

    def prev(self, name: str, tree: ast.Call, depth: int) -> int:
        if len(tree.args) == 1:
            operand, lag = self.read(tree.args[0], depth + 1), self.graph.number(1.0)
        else:
            operand, lag = self.arguments(name, tree, depth, (None, _NUMBER))
        self.known_ahead(operand, tree.args[0], name)
        self.same_on_every_bar(lag, tree.args[-1], f"{name} needs a whole number as bars")
        return self.earlier(operand, lag, tree)

    def earlier(self, operand: int, lag: int, tree: ast.Call) -> int:
        node = self.graph.prev(operand, lag)
        return node if node == operand else self.placed(node, tree)

    def count_of(self, name: str, tree: ast.Call, depth: int) -> int:
        condition, length = self.arguments(name, tree, depth, (_TRUTH, _NUMBER))
        self.known_ahead(condition, tree.args[0], name)
        self.same_on_every_bar(length, tree.args[1], f"{name} needs a whole number as length")
        return self.placed(self.graph.add(Node(name, _NUMBER, (condition, length))), tree)

    def bars_since(self, name: str, tree: ast.Call, depth: int) -> int:
        (condition,) = self.arguments(name, tree, depth, (_TRUTH,))
        self.known_ahead(condition, tree.args[0], name)
        return self.placed(self.graph.add(Node(name, _NUMBER, (condition,))), tree)

    def absolute(self, name: str, tree: ast.Call, depth: int) -> int:
        return self.graph.combine(name, _NUMBER, *self.arguments(name, tree, depth, (_NUMBER,)))

    def extreme(self, name: str, tree: ast.Call, depth: int) -> int:
        if len(tree.args) < 2:
            raise self.miscounted(f"{name} takes two values or more, {FUNCTIONS[name]}", tree, FUNCTIONS[name])
        return self.chain(name, _NUMBER, self.each(repeat(_NUMBER), tree.args, depth + 1))

    def arguments(self, name: str, tree: ast.Call, depth: int, kinds: tuple[Kind | None, ...]) -> list[int]:
        if len(tree.args) != len(kinds):
            count = {1: "one value", 2: "two values"}[len(kinds)]
            raise self.miscounted(f"{name} takes {count}, {FUNCTIONS[name]}", tree, FUNCTIONS[name])
        return self.each(kinds, tree.args, depth + 1)

    def indicator(self, indicator: Indicator, tree: ast.Call, depth: int) -> int:
        wanted = indicator.takes_source + len(indicator.parameters)
        if len(tree.args) != wanted:
            raise self.miscounted(f"{indicator.usage} takes {wanted} value{'s' * (wanted != 1)}", tree, indicator.usage)
        given = self.each(repeat(_NUMBER), tree.args, depth + 1)
        inputs = [self.graph.series(name) for name in indicator.inputs]
        if indicator.takes_source:
            source = given.pop(0)
            if self.graph.nodes[source].is_constant:
                raise self.refusal("needs_series", f"{indicator.name} needs a series, this is a constant", tree.args[0])
            inputs.insert(0, self.known_ahead(source, tree.args[0], indicator.name))
        for parameter, node, arg in zip(indicator.parameters, given, tree.args[indicator.takes_source :], strict=True):
            need = f"{indicator.name} needs a {'whole ' if parameter.whole else ''}number as {parameter.name}"
            self.same_on_every_bar(node, arg, need)
        return self.placed(self.graph.add(Node(indicator.name, _NUMBER, (*inputs, *given))), tree)

    def placed(self, node: int, tree: ast.Call) -> int:
        self.graph.places.setdefault(node, self.place(tree))
        return node


_FORMS: dict[type[ast.expr], Callable[[_Reader, Any, int], int]] = {
    ast.Constant: _Reader.constant,
    ast.Name: _Reader.name,
    ast.BinOp: _Reader.arithmetic,
    ast.UnaryOp: _Reader.unary,
    ast.BoolOp: _Reader.logic,
    ast.Compare: _Reader.comparison,
    ast.Call: _Reader.call,
}
_CALLS: dict[str, Callable[[_Reader, str, ast.Call, int], int]] = {
    "crosses_above": _Reader.cross,
    "crosses_below": _Reader.cross,
    "prev": _Reader.prev,
    "abs": _Reader.absolute,
    "min": _Reader.extreme,
    "max": _Reader.extreme,
    "count": _Reader.count_of,
    "bars_since": _Reader.bars_since,
}
