"""What a definition says of stops and sizing. Their numbers may be parameters, bound like those of rules."""

from collections.abc import Mapping
from dataclasses import dataclass

from engine.binding import Bound
from engine.errors import StrategyError, nearest
from engine.graph import Graph, Kind, Node, Place
from engine.numbers import number_of
from engine.orders import Sizing, SizingMode, Stop, StopKind, Stops
from engine.reasons import because

NAMES = ("loss", "profit", "trailing")
DEFAULT_LENGTH = 14

_KINDS = {"pct": StopKind.PERCENT, "price": StopKind.PRICE, "atr": StopKind.ATR}
#: Of each kind the largest that still means something.
_LARGEST = {"pct": 10.0, "price": 1e12, "atr": 100.0}
_MODES = {mode.name.lower(): mode for mode in SizingMode}
_LARGEST_SIZE = {"percent": 1.0, "cash": 1e15, "units": 1e15, "risk": 1.0}
_STOP_FORM = 'must be an object such as {"pct": 0.08}, {"price": 5} or {"atr": 3, "length": 14}, or null'
_SIZING_FORM = 'must be an object such as {"mode": "percent", "value": 1.0}'


@dataclass(frozen=True, slots=True)
class StopRule:
    """unit: a key of _KINDS. value, length: nodes of constants. distance: node of value · atr(length), or None."""

    name: str
    unit: str
    value: int
    length: int | None = None
    distance: int | None = None

    def bind(self, bound: Bound) -> Stop:
        where = f"stops.{self.name}.{self.unit}"
        value = _within(where, bound.constants[self.value], _LARGEST[self.unit])
        length = 0 if self.length is None else int(bound.constants[self.length])
        return Stop(_KINDS[self.unit], value, length)


@dataclass(frozen=True, slots=True)
class SizingRule:
    mode: str
    value: int

    def bind(self, bound: Bound) -> Sizing:
        value = _within("sizing.value", bound.constants[self.value], _LARGEST_SIZE[self.mode])
        return Sizing(_MODES[self.mode], value)


def bind_stops(rules: Mapping[str, StopRule], bound: Bound) -> Stops:
    return Stops(**{name: rule.bind(bound) for name, rule in rules.items()})


def read_stops(value: object, graph: Graph, names: Mapping[str, int]) -> dict[str, StopRule]:
    """The stops that are set. names: nodes of parameters."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise StrategyError("stops", "must be an object with loss, profit, trailing")
    for name in value:
        if name not in NAMES:
            raise StrategyError(f"stops.{name}", "no such stop", near=nearest(str(name), NAMES))
    return {name: _stop(name, value[name], graph, names) for name in NAMES if value.get(name) is not None}


def _stop(name: str, value: object, graph: Graph, names: Mapping[str, int]) -> StopRule:
    where = f"stops.{name}"
    if not isinstance(value, Mapping):
        raise StrategyError(where, _STOP_FORM)
    units = [unit for unit in _KINDS if unit in value]
    if len(units) != 1 or set(value) - {units[0], "length"} or ("length" in value and units[0] != "atr"):
        raise StrategyError(where, _STOP_FORM)
    unit = units[0]
    amount = _node(f"{where}.{unit}", value[unit], graph, names)
    if unit != "atr":
        return StopRule(name, unit, amount)
    length = _node(f"{where}.length", value.get("length", DEFAULT_LENGTH), graph, names)
    inputs = (graph.series(series) for series in ("high", "low", "close"))
    atr = graph.add(Node("atr", Kind.NUMBER, (*inputs, length)))
    graph.places.setdefault(atr, Place(f"{where}.length", (None, None), (None, None)))
    distance = graph.combine("mul", Kind.NUMBER, amount, atr)
    return StopRule(name, unit, amount, length, distance)


def read_sizing(value: object, graph: Graph, names: Mapping[str, int], stops: Mapping[str, StopRule]) -> SizingRule:
    """Everything there is, where the definition says nothing."""
    if value is None:
        return SizingRule("percent", graph.number(1.0))
    if not isinstance(value, Mapping) or set(value) != {"mode", "value"}:
        raise StrategyError("sizing", _SIZING_FORM)
    mode = value["mode"]
    if not isinstance(mode, str) or mode not in _MODES:
        near = nearest(str(mode), _MODES)
        raise StrategyError("sizing.mode", f"must be one of {', '.join(_MODES)}; found {mode!r}"[:200], near=near)
    if mode == "risk" and "loss" not in stops:
        raise StrategyError("sizing", because("needs_stop", "risk is measured to the loss stop; add one as stops.loss"))
    return SizingRule(mode, _node("sizing.value", value["value"], graph, names))


def _node(where: str, value: object, graph: Graph, names: Mapping[str, int]) -> int:
    if isinstance(value, str):
        if value not in names:
            raise StrategyError(
                where, because("unknown_parameter", f"no parameter {value!r}"[:100]), near=nearest(value, names)
            )
        return names[value]
    return graph.number(number_of(where, value))


def _within(where: str, value: float, largest: float) -> float:
    if not 0 < value <= largest:
        sentence = f"must be above 0 and at most {largest:,g}; found {value:g}"
        raise StrategyError(where, because("out_of_range", sentence, least=0, most=largest))
    return value
