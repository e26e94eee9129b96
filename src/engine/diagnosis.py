"""Everything that is wrong with a strategy's definition, for whoever is still writing it.

Each part is read by what reads it for a run; what hangs on a broken part is only read as far as that does not matter.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, ParamSpec, TypeVar

from engine import rules
from engine.binding import bind
from engine.compiler import read_rule
from engine.errors import StrategyError
from engine.graph import Graph, Kind
from engine.parameters import MAX_PARAMETERS, Parameter, read_parameters, refuse_bad_name, values_of
from engine.parsing import names_in, parse
from engine.stops_and_sizing import NAMES, StopRule, bind_stops, read_sizing, read_stops
from engine.words import RESERVED

MOST_ERRORS = 20
"""A definition with more of them is not one that is being written."""
MOST_LOOKED_AT = 64
"""Members of one object."""

Given = ParamSpec("Given")
Read = TypeVar("Read")


def diagnose(definition: object, overrides: Mapping[str, Any] | None = None) -> list[StrategyError]:
    """All errors, at most MOST_ERRORS; none where the definition can run."""
    try:
        rules.compile_strategy(definition, overrides)
    except StrategyError as first:
        found = _Diagnosis(definition).of_all(overrides or {}) if isinstance(definition, Mapping) else []
        if not any(error.path == first.path for error in found):
            # Of the whole, such as too many names: told first, as it may be all there is to mend.
            found.insert(0, first)
        return found[:MOST_ERRORS]
    return []


@dataclass(slots=True)
class _Diagnosis:
    """names: nodes of what rules may mention. broken: those of them that stand for what could not be read."""

    definition: Mapping[str, Any]
    graph: Graph = field(default_factory=Graph)
    names: dict[str, int] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    errors: list[StrategyError] = field(default_factory=list)

    def of_all(self, overrides: Mapping[str, Any]) -> list[StrategyError]:
        for member in islice(self.definition, MOST_LOOKED_AT):
            self.tried(rules.refuse_unknown_members, [member])
        self.tried(rules.refuse_version, self.definition)
        self.tried(rules.name_of, self.definition)
        parameters = tuple(self.parameters())
        self.lets()
        self.rules()
        stops = self.stops()
        values = {parameter.name: parameter.default for parameter in parameters}
        for name, value in islice(overrides.items(), MOST_LOOKED_AT):
            if name not in self.broken:
                values |= self.tried(values_of, parameters, {name: value}) or {}
        if not self.errors:
            self.bound(values, stops)
        return self.errors

    def tried(self, read: Callable[Given, Read], *given: Given.args, **named: Given.kwargs) -> Read | None:
        """What it gives; None where it refuses, which is noted then."""
        try:
            return read(*given, **named)
        except StrategyError as error:
            if not any(error is told for told in self.errors):
                self.errors.append(error)
            return None

    def parameters(self) -> Iterator[Parameter]:
        declared = self.tried(rules.object_of, self.definition, "params") or {}
        for name, facts in islice(declared.items(), MAX_PARAMETERS):
            read = self.tried(read_parameters, {name: facts})
            if read is None:
                self.broken.add(str(name))
            else:
                yield from read
                self.names[name] = self.graph.parameter(name)

    def lets(self) -> None:
        texts: dict[str, str] = {}
        declared = self.tried(rules.object_of, self.definition, "let") or {}
        for name, text in islice(declared.items(), rules.MAX_LET):
            self.broken.add(name)
            where, before = f"let.{name}", len(self.errors)
            self.tried(refuse_bad_name, where, name)
            read = self.tried(rules.text_of, where, text)
            if read is not None and len(self.errors) == before:
                texts[name] = read
        for name in self.tried(rules.in_order, texts) or texts:
            node = self.rule(f"let.{name}", texts[name], itself=name)
            if node is not None:
                self.names[name] = node
                self.broken.discard(name)

    def rules(self) -> None:
        given = [member for member in rules.RULES if self.definition.get(member) is not None]
        for member in given:
            text = self.tried(rules.text_of, member, self.definition[member])
            if text is not None:
                self.rule(member, text, expected=Kind.TRUTH)
        self.errors += rules.gaps(given)

    def rule(self, where: str, text: str, *, expected: Kind | None = None, itself: str = "") -> int | None:
        """The node of the rule's value; None where there is none, for its own sake or for what it mentions."""
        if names_in(text) & self.broken - RESERVED - {itself}:
            self.tried(parse, text, where)
            return None
        return self.tried(
            read_rule,
            text,
            where=where,
            graph=self.graph,
            names=self.names,
            expected=expected,
            in_exit=where in rules.EXITS,
            refused=self.errors,
        )

    def stops(self) -> dict[str, StopRule]:
        before = len(self.errors)
        given = self.definition.get("stops")
        parts = (
            [{name: value} for name, value in islice(given.items(), MOST_LOOKED_AT)]
            if isinstance(given, Mapping)
            else [given]
        )
        found: dict[str, StopRule] = {}
        for part in parts:
            found |= self.tried(read_stops, part, self.graph, self.names) or {}
        # That the loss stop is broken is told already.
        known = found if len(self.errors) == before else dict.fromkeys(NAMES, StopRule("", "", 0))
        self.tried(read_sizing, self.definition.get("sizing"), self.graph, self.names, known)
        return found

    def bound(self, values: Mapping[str, float], stops: Mapping[str, StopRule]) -> None:
        """What only shows once parameters have values."""
        sizing = read_sizing(self.definition.get("sizing"), self.graph, self.names, stops)
        settled = bind(self.graph, values, self.errors)
        for name, stop in stops.items():
            self.tried(bind_stops, {name: stop}, settled)
        self.tried(sizing.bind, settled)
