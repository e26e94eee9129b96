"""A strategy is data: parameters, named series and rules. Here its definition is checked and its rules compiled."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any

from engine.compiler import RESERVED, names_in, read_rule
from engine.errors import StrategyError, nearest
from engine.graph import Graph, Kind, Node
from engine.orders import Sizing, Stops

MAX_LET = 64
MAX_PARAMETERS = 64
VERSION = 1

_MEMBERS = (
    "version",
    "name",
    "params",
    "let",
    "entryLong",
    "exitLong",
    "entryShort",
    "exitShort",
    "stops",
    "sizing",
)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
_ALL_CASH = {"mode": "percent", "value": 1}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that a run may override within its bounds."""

    name: str
    type: str
    default: float
    minimum: float
    maximum: float


@dataclass(frozen=True, slots=True)
class Strategy:
    """A checked definition with its parameters bound, compiled to one graph.

    entry_long, exit_long: node numbers of truths; an absent exit never closes. look_back: bars a rule needs before the
    bar it decides on.
    """

    name: str
    parameters: Mapping[str, float]
    nodes: tuple[Node, ...]
    entry_long: int
    exit_long: int | None
    look_back: int
    stops: Stops = Stops()
    sizing: Sizing = Sizing()


def check(definition: object, overrides: Mapping[str, Any] | None = None) -> None:
    """Raise StrategyError, with the place, for a definition or overrides that can never run."""
    compile_strategy(definition, overrides)


def parameters_of(definition: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """The parameters that a definition declares, in its order."""
    declared = _object(definition, "params")
    if len(declared) > MAX_PARAMETERS:
        raise StrategyError("params", f"{len(declared)} parameters, the limit is {MAX_PARAMETERS}")
    return tuple(_parameter(name, facts) for name, facts in declared.items())


def compile_strategy(definition: object, overrides: Mapping[str, Any] | None = None) -> Strategy:
    """A strategy ready to be evaluated. Takes well under a millisecond; compiles no machine code."""
    if not isinstance(definition, Mapping):
        raise StrategyError("definition", "must be a JSON object")
    _refuse_what_is_unknown(definition)
    values = bind(parameters_of(definition), overrides or {})
    graph = Graph()
    names = {name: graph.number(value) for name, value in values.items()}
    _read_let(definition, graph, names)
    entry = _read_member(definition, "entryLong", graph, names)
    if entry is None:
        raise StrategyError("entryLong", "is missing; a strategy needs a rule that opens a position")
    leave = _read_member(definition, "exitLong", graph, names)
    used = [node for node in (entry, leave) if node is not None]
    return Strategy(
        name=_name_of(definition),
        parameters=values,
        nodes=tuple(graph.nodes),
        entry_long=entry,
        exit_long=leave,
        look_back=max(graph.nodes[node].look_back for node in used),
    )


def bind(parameters: tuple[Parameter, ...], overrides: Mapping[str, Any]) -> dict[str, float]:
    """The parameters' values: defaults, and what overrides say within the declared bounds."""
    known = {parameter.name: parameter for parameter in parameters}
    for name in overrides:
        if name not in known:
            raise StrategyError(
                f"strategyParams.{name}", "the strategy has no such parameter", near=nearest(name, known)
            )
    return {name: _bound(known[name], overrides.get(name, known[name].default)) for name in known}


def _bound(parameter: Parameter, value: object) -> float:
    where = f"strategyParams.{parameter.name}"
    number = _number(where, value)
    if parameter.type == "int" and not number.is_integer():
        raise StrategyError(where, f"must be a whole number; found {value!r}")
    if not parameter.minimum <= number <= parameter.maximum:
        raise StrategyError(where, f"must be {parameter.minimum:g} to {parameter.maximum:g}; found {number:g}")
    return number


def _refuse_what_is_unknown(definition: Mapping[str, Any]) -> None:
    for member in definition:
        if member not in _MEMBERS:
            raise StrategyError(str(member), "no such member", near=nearest(str(member), _MEMBERS))
    version = definition.get("version", VERSION)
    if isinstance(version, bool) or version != VERSION:
        raise StrategyError("version", f"must be {VERSION}; found {version!r}")
    for member in ("entryShort", "exitShort"):
        if definition.get(member) is not None:
            raise StrategyError(member, "short positions are not supported yet; write null")
    for stop, level in _object(definition, "stops").items():
        if level is not None:
            raise StrategyError(f"stops.{stop}", "stops are not supported yet; write null")
    sizing = _object(definition, "sizing") or _ALL_CASH
    if isinstance(sizing.get("value"), bool) or dict(sizing) != _ALL_CASH:
        raise StrategyError("sizing", 'only {"mode": "percent", "value": 1.0} is supported yet')


def _name_of(definition: Mapping[str, Any]) -> str:
    name = definition.get("name")
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= 100:
        raise StrategyError("name", "must be a text of 1 to 100 characters")
    return name.strip()


def _parameter(name: object, facts: object) -> Parameter:
    where = f"params.{name}"
    _refuse_bad_name(where, name)
    if not isinstance(facts, Mapping):
        raise StrategyError(where, 'must be an object such as {"type": "int", "default": 10, "min": 2, "max": 400}')
    if facts.get("type") not in ("int", "float"):
        raise StrategyError(f"{where}.type", f"must be 'int' or 'float'; found {facts.get('type')!r}")
    low, default, high = (_number(f"{where}.{key}", facts.get(key)) for key in ("min", "default", "max"))
    if not low <= default <= high:
        raise StrategyError(where, f"min ≤ default ≤ max does not hold: {low:g}, {default:g}, {high:g}")
    if facts["type"] == "int" and not (low.is_integer() and default.is_integer() and high.is_integer()):
        raise StrategyError(where, "min, default and max of an int must be whole numbers")
    return Parameter(str(name), str(facts["type"]), default, low, high)


def _number(where: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise StrategyError(where, f"must be a number; found {value!r}"[:200])
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise StrategyError(where, "must be a finite number")
    return number


def _object(definition: Mapping[str, Any], member: str) -> Mapping[str, Any]:
    value = definition.get(member)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise StrategyError(member, "must be a JSON object")
    return value


def _refuse_bad_name(where: str, name: object) -> None:
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise StrategyError(where, "a name is a letter, then up to 31 letters, digits or _")
    if name in RESERVED:
        raise StrategyError(where, f"{name!r} already means something in rules; choose another name")


def _read_let(definition: Mapping[str, Any], graph: Graph, names: dict[str, int]) -> None:
    """Read the named series, each after those it mentions: JSON objects have no order one could rely on."""
    texts = _object(definition, "let")
    if len(texts) > MAX_LET:
        raise StrategyError("let", f"{len(texts)} names, the limit is {MAX_LET}")
    mentions = {}
    for name, text in texts.items():
        _refuse_bad_name(f"let.{name}", name)
        if name in names:
            raise StrategyError(f"let.{name}", "is a parameter, too; choose another name")
        mentions[name] = names_in(_text(f"let.{name}", text), f"let.{name}") & texts.keys()
    try:
        order = list(TopologicalSorter(mentions).static_order())
    except CycleError as error:
        circle = error.args[1]
        raise StrategyError(f"let.{circle[0]}", f"is defined by itself: {' → '.join(reversed(circle))}") from None
    for name in order:
        names[name] = read_rule(texts[name], where=f"let.{name}", graph=graph, names=names)


def _read_member(definition: Mapping[str, Any], member: str, graph: Graph, names: Mapping[str, int]) -> int | None:
    text = definition.get(member)
    if text is None:
        return None
    return read_rule(_text(member, text), where=member, graph=graph, names=names, expected=Kind.TRUTH)


def _text(where: str, text: object) -> str:
    if not isinstance(text, str):
        raise StrategyError(where, "a rule is a text, such as 'close > open'")
    return text
