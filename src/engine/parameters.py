"""The parameters of a strategy: declared once, given values for each run."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.errors import StrategyError, nearest
from engine.numbers import number_of
from engine.reasons import because
from engine.words import RESERVED

MAX_PARAMETERS = 64

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,31}")
_FACTS = ("type", "default", "min", "max")
_FORM = 'must be an object such as {"type": "int", "default": 10, "min": 2, "max": 400}'


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that a run may override within its bounds."""

    name: str
    type: str
    default: float
    minimum: float
    maximum: float

    def checked(self, value: object) -> float:
        where = f"strategyParams.{self.name}"
        number = number_of(where, value)
        if self.type == "int" and not number.is_integer():
            raise StrategyError(where, because("not_whole", f"must be a whole number; found {value!r}"))
        if not self.minimum <= number <= self.maximum:
            sentence = f"must be {self.minimum:g} to {self.maximum:g}; found {number:g}"
            raise StrategyError(where, because("out_of_range", sentence, least=self.minimum, most=self.maximum))
        return number


def read_parameters(declared: Mapping[str, Any]) -> tuple[Parameter, ...]:
    """The member `params` of a definition, in its order."""
    if len(declared) > MAX_PARAMETERS:
        sentence = f"{len(declared)} parameters, the limit is {MAX_PARAMETERS}"
        raise StrategyError("params", because("too_many", sentence, limit=MAX_PARAMETERS))
    return tuple(_parameter(name, facts) for name, facts in declared.items())


def values_of(parameters: tuple[Parameter, ...], overrides: Mapping[str, Any]) -> dict[str, float]:
    """Defaults, and what overrides say within the declared bounds."""
    known = {parameter.name: parameter for parameter in parameters}
    for name in overrides:
        if name not in known:
            near = nearest(str(name), known)
            reason = because("unknown_parameter", "the strategy has no such parameter")
            raise StrategyError(f"strategyParams.{name}", reason, near=near)
    return {
        name: parameter.checked(overrides[name]) if name in overrides else parameter.default
        for name, parameter in known.items()
    }


def refuse_bad_name(where: str, name: object) -> None:
    """A name that rules cannot use, or that means something already."""
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise StrategyError(where, because("bad_name", "a name is a letter, then up to 31 letters, digits or _"))
    if name in RESERVED:
        sentence = f"{name!r} already means something in rules; choose another name"
        raise StrategyError(where, because("reserved_name", sentence, name=name))


def _parameter(name: object, facts: object) -> Parameter:
    where = f"params.{name}"
    refuse_bad_name(where, name)
    if not isinstance(facts, Mapping):
        raise StrategyError(where, _FORM)
    for fact in facts:
        if fact not in _FACTS:
            raise StrategyError(f"{where}.{fact}", "no such member", near=nearest(str(fact), _FACTS))
    if facts.get("type") not in ("int", "float"):
        raise StrategyError(f"{where}.type", f"must be 'int' or 'float'; found {facts.get('type')!r}"[:200])
    low, default, high = (number_of(f"{where}.{key}", facts.get(key)) for key in ("min", "default", "max"))
    if not low <= default <= high:
        sentence = f"min ≤ default ≤ max does not hold: {low:g}, {default:g}, {high:g}"
        raise StrategyError(where, because("bad_order", sentence))
    if facts["type"] == "int" and not (low.is_integer() and default.is_integer() and high.is_integer()):
        raise StrategyError(where, because("not_whole", "min, default and max of an int must be whole numbers"))
    return Parameter(str(name), str(facts["type"]), default, low, high)
