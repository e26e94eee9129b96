"""The rule language once more, slow and plain: one bar after the other, None for what is unknown."""

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from engine.bars import Bars
from engine.indicators import INDICATORS
from engine.kernels.catalogue import KERNELS

Series = list[Any]


def interpret(text: str, bars: Bars, lets: Mapping[str, str] | None = None) -> Series:
    """A rule's value on every bar: numbers or truths, None where unknown."""
    return _Interpreter(bars, lets or {}).read(ast.parse(text.strip(), mode="eval").body)


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _divide(a: float, b: float) -> float:
    return a / b if b != 0 else math.nan


ARITHMETIC: dict[type, Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: _divide,
}
COMPARISON: dict[type, Callable[[float, float], bool]] = {
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
}


class _Interpreter:
    def __init__(self, bars: Bars, lets: Mapping[str, str]) -> None:
        self.bars, self.lets, self.n = bars, lets, len(bars)

    def each(self, function: Callable[..., Any], *series: Series) -> Series:
        """function on every bar where all are known."""
        return [None if any(v is None for v in values) else function(*values) for values in zip(*series, strict=True)]

    def read(self, tree: ast.expr) -> Series:  # noqa: C901, PLR0911 a case a form
        match tree:
            case ast.Constant(value=int() | float() as value):
                return [float(value)] * self.n
            case ast.Name(id="hl2"):
                return self.read(ast.parse("(high + low) / 2", mode="eval").body)
            case ast.Name(id="hlc3"):
                return self.read(ast.parse("(high + low + close) / 3", mode="eval").body)
            case ast.Name(id=name) if name in self.lets:
                return self.read(ast.parse(self.lets[name], mode="eval").body)
            case ast.Name(id=name):
                return [float(value) for value in getattr(self.bars, name)]
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.each(lambda value: 0.0 - value, self.read(operand))
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self.each(lambda value: not value, self.read(operand))
            case ast.BinOp(left=left, op=op, right=right):
                function = ARITHMETIC[type(op)]
                return self.each(lambda a, b: _finite(function(a, b)), self.read(left), self.read(right))
            case ast.BoolOp(op=op, values=values):
                decisive = isinstance(op, ast.Or)
                return [_logic(bits, decisive=decisive) for bits in zip(*map(self.read, values), strict=True)]
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                operands = [self.read(operand) for operand in (left, *comparators)]
                links = [
                    self.each(COMPARISON[type(op)], a, b) for op, a, b in zip(ops, operands, operands[1:], strict=False)
                ]
                return [_logic(bits, decisive=False) for bits in zip(*links, strict=True)]
            case ast.Call(func=ast.Name(id=name), args=args):
                return self.call(name, args)
        raise AssertionError(ast.dump(tree))

    def call(self, name: str, args: list[ast.expr]) -> Series:  # noqa: PLR0911 a case a function
        if name in ("crosses_above", "crosses_below"):
            a, b = map(self.read, args)
            over = operator.gt if name == "crosses_above" else operator.lt
            now = self.each(over, a, b)
            earlier = [self.earlier(arg, series, 1) for arg, series in zip(args, (a, b), strict=True)]
            before = self.each(lambda x, y: not over(x, y), *earlier)
            return [_logic(bits, decisive=False) for bits in zip(now, before, strict=True)]
        if name == "prev":
            return self.earlier(args[0], self.read(args[0]), int(ast.literal_eval(args[1])))
        if name == "abs":
            return self.each(abs, self.read(args[0]))
        if name in ("min", "max"):
            return self.each(min if name == "min" else max, *map(self.read, args))
        if name == "count":
            return self.window(self.read(args[0]), int(ast.literal_eval(args[1])), sum)
        if name == "bars_since":
            source = self.read(args[0])
            return [next((k for k in range(i + 1) if source[i - k]), None) for i in range(self.n)]
        plain: dict[str, Callable[[Series], Any]] = {
            "sma": lambda values: sum(values) / len(values),
            "highest": max,
            "lowest": min,
            "sum": sum,
        }
        if name in plain:
            return self.window(self.read(args[0]), int(ast.literal_eval(args[1])), plain[name])
        return self.indicator(name, args)

    def earlier(self, tree: ast.expr, source: Series, lag: int) -> Series:
        """Before the first bar nothing is known, but a constant is what it always was."""
        words = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
        if words <= {"abs", "min", "max", "prev"} and not isinstance(source[-1], bool):
            return source
        return [source[i - lag] if i >= lag else None for i in range(self.n)]

    def window(self, source: Series, length: int, function: Callable[[Series], Any]) -> Series:
        windows = [source[i - length + 1 : i + 1] if i + 1 >= length else [None] for i in range(self.n)]
        return [None if any(v is None for v in window) else function(window) for window in windows]

    def indicator(self, name: str, args: list[ast.expr]) -> Series:
        """What is tested elsewhere: the kernel on the whole series that the rule gives it."""
        indicator = INDICATORS[name]
        parameters = [ast.literal_eval(arg) for arg in args[indicator.takes_source :]]
        inputs = [np.array(getattr(self.bars, series), dtype=float) for series in indicator.inputs]
        if indicator.takes_source:
            inputs.insert(0, np.array([np.nan if v is None else v for v in self.read(args[0])], dtype=float))
        outputs = [np.empty(self.n) for _ in range(indicator.outputs)]
        KERNELS[indicator.kernel](*inputs, *parameters, *outputs)
        return [None if math.isnan(value) else float(value) for value in outputs[indicator.output]]


def _logic(bits: tuple[Any, ...], *, decisive: bool) -> bool | None:
    """`or` where True decides, `and` where False does; else unknown if anything is."""
    if any(bit is decisive for bit in bits):
        return decisive
    return None if any(bit is None for bit in bits) else not decisive
