"""A strategy is data: parameters, named series, rules, stops, sizing. Here its definition is checked and compiled.

    definition ── read ── Template ── bind(parameters) ── Strategy, ready to be evaluated

Reading a definition costs most of the time, so that a sweep reads it once. No machine code is compiled for either.
"""

import marshal
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any, cast

from engine.binding import Bound, bind
from engine.compiler import read_rule
from engine.errors import StrategyError, nearest
from engine.exits import ExitPlan, plan_exits
from engine.graph import Graph, Kind
from engine.orders import Sizing, Stops
from engine.parameters import Parameter, read_parameters, refuse_bad_name, values_of
from engine.parsing import names_in
from engine.program import Plan, lay_out
from engine.reasons import because
from engine.signals import ENTRY_LONG, ENTRY_SHORT, EXIT_LONG, EXIT_SHORT
from engine.stops_and_sizing import SizingRule, StopRule, bind_stops, read_sizing, read_stops

MAX_LET = 64
VERSION = 1

ENTRIES = {"entryLong": ENTRY_LONG, "entryShort": ENTRY_SHORT}
EXITS = {"exitLong": EXIT_LONG, "exitShort": EXIT_SHORT}
RULES = {**ENTRIES, **EXITS}
_MEMBERS = ("version", "name", "params", "let", "entryLong", "exitLong", "entryShort", "exitShort", "stops", "sizing")


@dataclass(frozen=True, slots=True)
class Strategy:
    """A checked definition with its parameters bound.

    look_back: bars that its rules need before the first they can decide on. warm_up: bars before it whose absence
    would show; recursions forget slowly. distances: nodes of the stops that hang on the average true range.
    """

    name: str
    parameters: Mapping[str, float]
    plan: Plan
    bound: Bound
    exits: ExitPlan | None
    distances: Mapping[str, int]
    look_back: int
    warm_up: int
    stops: Stops
    sizing: Sizing


@dataclass(frozen=True, slots=True)
class Template:
    """A definition that was read, its parameters still open."""

    name: str
    parameters: tuple[Parameter, ...]
    graph: Graph
    plan: Plan
    exits: ExitPlan | None
    roots: tuple[int, ...]
    stops: Mapping[str, StopRule]
    sizing: SizingRule

    def bind(self, overrides: Mapping[str, Any] | None = None) -> Strategy:
        """The strategy with these parameters, else StrategyError with the place."""
        values = values_of(self.parameters, overrides or {})
        bound = bind(self.graph, values)
        return Strategy(
            name=self.name,
            parameters=values,
            plan=self.plan,
            bound=bound,
            exits=self.exits,
            distances={name: stop.distance for name, stop in self.stops.items() if stop.distance is not None},
            look_back=max(bound.look_back[node] for node in self.roots),
            warm_up=max(bound.warm_up[node] for node in self.roots),
            stops=bind_stops(self.stops, bound),
            sizing=self.sizing.bind(bound),
        )


def check(definition: object, overrides: Mapping[str, Any] | None = None) -> None:
    """Raise StrategyError, with the place, for a definition or overrides that can never run."""
    compile_strategy(definition, overrides)


def parameters_of(definition: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """The parameters that a definition declares, in its order."""
    return read_parameters(object_of(definition, "params"))


def compile_strategy(definition: object, overrides: Mapping[str, Any] | None = None) -> Strategy:
    """A strategy ready to be evaluated. Definitions that were read lately are not read again."""
    key = _key(definition)
    if key is None:
        return read(definition).bind(overrides)
    template = _templates.get(key)
    if template is None:
        template = read(definition)
        if len(key) <= LONGEST_KEPT:
            if len(_templates) >= KEPT:
                _templates.pop(next(iter(_templates)), None)
            _templates[key] = template
    return template.bind(overrides)


def was_read_lately(definition: object) -> bool:
    """Whether to compile it again takes microseconds."""
    return _key(definition) in _templates


def _key(definition: object) -> bytes | None:
    try:
        # Of version 2, which writes equal values as equal bytes; and 1, 1.0 and True as different ones.
        return marshal.dumps(cast(Any, definition), 2)
    except ValueError:
        return None


# A worker runs the same few strategies again and again.
KEPT = 64
LONGEST_KEPT = 16_384
_templates: dict[bytes, Template] = {}


def read(definition: object) -> Template:
    """Everything about a definition that holds for all values of its parameters."""
    if not isinstance(definition, Mapping):
        raise StrategyError("definition", "must be a JSON object")
    refuse_unknown_members(definition)
    refuse_version(definition)
    parameters = parameters_of(definition)
    graph = Graph()
    names = {parameter.name: graph.parameter(parameter.name) for parameter in parameters}
    stops = read_stops(definition.get("stops"), graph, names)
    sizing = read_sizing(definition.get("sizing"), graph, names, stops)
    _read_let(definition, graph, names)
    rules = _read_rules(definition, graph, names)
    flags: dict[int, int] = {}
    for member, node in rules.items():
        if not graph.nodes[node].is_positional:
            # A reversal may say one rule twice.
            flags[node] = flags.get(node, 0) | RULES[member]
    exits = plan_exits(graph, rules.get("exitLong"), rules.get("exitShort"))
    distances = [stop.distance for stop in stops.values() if stop.distance is not None]
    wanted = (*distances, *(exits.columns if exits else ()))
    return Template(
        name=name_of(definition),
        parameters=parameters,
        graph=graph,
        plan=lay_out(graph, flags, wanted),
        exits=exits,
        roots=(*rules.values(), *distances),
        stops=stops,
        sizing=sizing,
    )


def refuse_unknown_members(members: Iterable[object]) -> None:
    for member in members:
        if member not in _MEMBERS:
            raise StrategyError(str(member), "no such member", near=nearest(str(member), _MEMBERS))


def refuse_version(definition: Mapping[str, Any]) -> None:
    version = definition.get("version", VERSION)
    if isinstance(version, bool) or version != VERSION:
        raise StrategyError("version", f"must be {VERSION}; found {version!r}"[:200])


def name_of(definition: Mapping[str, Any]) -> str:
    """As everywhere here: what the definition says, or StrategyError."""
    name = definition.get("name")
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= 100:
        raise StrategyError("name", because("bad_length", "must be a text of 1 to 100 characters", most=100))
    return name.strip()


def object_of(definition: Mapping[str, Any], member: str) -> Mapping[str, Any]:
    value = definition.get(member)
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise StrategyError(member, "must be a JSON object")
    return value


def _read_let(definition: Mapping[str, Any], graph: Graph, names: dict[str, int]) -> None:
    """Read the named series, each after those it mentions: JSON objects have no order one could rely on."""
    given = object_of(definition, "let")
    if len(given) > MAX_LET:
        raise StrategyError("let", because("too_many", f"{len(given)} names, the limit is {MAX_LET}", limit=MAX_LET))
    texts: dict[str, str] = {}
    for name, text in given.items():
        refuse_bad_name(f"let.{name}", name)
        if name in names:
            raise StrategyError(f"let.{name}", because("taken_name", "is a parameter, too; choose another name"))
        texts[name] = text_of(f"let.{name}", text)
    for name in in_order(texts):
        names[name] = read_rule(texts[name], where=f"let.{name}", graph=graph, names=names)


def in_order(texts: Mapping[str, str]) -> list[str]:
    """The names, each after those that its text mentions."""
    mentions = {name: names_in(text) & texts.keys() for name, text in texts.items()}
    seen: set[str] = set()
    for name, mentioned in mentions.items():
        if not mentioned <= seen:
            break
        seen.add(name)
    else:
        return list(texts)
    try:
        return list(TopologicalSorter(mentions).static_order())
    except CycleError as error:
        circle = error.args[1]
        around = " → ".join(reversed(circle))
        reason = because("circular", f"is defined by itself: {around}", around=around)
        raise StrategyError(f"let.{circle[0]}", reason) from None


def _read_rules(definition: Mapping[str, Any], graph: Graph, names: Mapping[str, int]) -> dict[str, int]:
    """The nodes of the rules that are given."""
    rules = {}
    for member in RULES:
        text = definition.get(member)
        if text is not None:
            rules[member] = read_rule(
                text_of(member, text),
                where=member,
                graph=graph,
                names=names,
                expected=Kind.TRUTH,
                in_exit=member in EXITS,
            )
    for gap in gaps(rules):
        raise gap
    return rules


def gaps(given: Collection[str]) -> Iterator[StrategyError]:
    """What is wrong with the choice of rules. An exit that can never close anything is a slip, and said to be one."""
    if not ENTRIES.keys() & set(given):
        sentence = "is missing; a strategy needs a rule that opens a position, long or short"
        yield StrategyError("entryLong", because("no_entry", sentence))
    for entry, leave in zip(ENTRIES, EXITS, strict=True):
        if leave in given and entry not in given:
            yield StrategyError(
                leave, because("closes_nothing", f"closes what nothing opens; add {entry} or write null")
            )


def text_of(where: str, text: object) -> str:
    if not isinstance(text, str):
        raise StrategyError(where, "a rule is a text, such as 'close > open'")
    return text
