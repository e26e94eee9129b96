"""Strategies' definitions as callers send them: bounded, fit to be stored, and compiled once to know that they run."""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any
from unicodedata import category

from engine import rules
from engine.diagnosis import diagnose
from engine.errors import StrategyError, detailed

MAX_BYTES = 64 * 1024
LONGEST_ECHO = 200
"""Characters of the caller's own text that a refusal repeats."""

_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
_UNPRINTABLE = ("Cc", "Zl", "Zp")
"""Control characters and line breaks: a name is shown in one line, in terminals too."""


def read_definition(definition: object, name: object = None) -> dict[str, Any]:
    """The definition, checked, under the given name if there is one; else it has its own.

    Raises StrategyError with the place. Takes a few milliseconds at the worst: not for an event loop.
    """
    if not isinstance(definition, Mapping):
        raise StrategyError("definition", "must be a JSON object")
    if name is not None and not isinstance(name, str):
        raise StrategyError("name", "must be a text of 1 to 100 characters")
    named = dict(definition) if name is None else {**definition, "name": name}
    _refuse_what_cannot_be_kept(named)
    named["name"] = rules.compile_strategy(named).name
    if any(category(character) in _UNPRINTABLE for character in named["name"]):
        raise StrategyError("name", "holds a control character or a line break; leave it out")
    return named


def _refuse_what_cannot_be_kept(definition: Mapping[str, Any]) -> None:
    text = json.dumps(definition, ensure_ascii=False, separators=(",", ":"))
    size = len(text.encode())
    if size > MAX_BYTES:
        raise StrategyError("definition", f"is {size:,} bytes of JSON, the limit is {MAX_BYTES:,}")
    if _NUL.search(text):
        raise StrategyError("definition", "holds a NUL character, which no database keeps; leave it out")


def checked(definition: object, overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """What the definition comes to, or all its errors. Takes some milliseconds: not for an event loop."""
    try:
        return comes_to(definition, overrides)
    except StrategyError as error:
        return {"valid": False, "errors": [detail(each) for each in all_errors(error, definition, overrides)]}


def comes_to(definition: object, overrides: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Name, parameters with their bounds, how far its rules look back. StrategyError: the first."""
    named = read_definition(definition)
    strategy = rules.compile_strategy(named, overrides)
    return {
        "valid": True,
        "name": strategy.name,
        "parameters": [
            {
                "name": parameter.name,
                "type": parameter.type,
                "default": plain(parameter.type, parameter.default),
                "min": plain(parameter.type, parameter.minimum),
                "max": plain(parameter.type, parameter.maximum),
            }
            for parameter in rules.parameters_of(named)
        ],
        "lookBack": strategy.look_back,
        "errors": [],
    }


def all_errors(
    first: StrategyError, definition: object, overrides: Mapping[str, Any] | None
) -> Sequence[StrategyError]:
    """first: what it was refused for. A definition that cannot even be kept is not looked into."""
    found = [] if first.path == "definition" else diagnose(definition, overrides)
    return found if any(error.path == first.path for error in found) else [first, *found]


def plain(kind: str, number: float) -> float | int:
    """A whole number where the parameter is one: 10, not 10.0."""
    return int(number) if kind == "int" else number


def detail(error: StrategyError, *, path: str | None = None) -> dict[str, Any]:
    """The error for programs and people: path, message, and in a rule's text where, and the word that was meant."""
    said: dict[str, Any] = {**detailed((error.path if path is None else path)[:LONGEST_ECHO], error.reason)}
    said["message"] = sentence(error)
    if error.column is not None:
        said |= {"column": error.column, "endColumn": error.end}
    if error.near is not None:
        said["near"] = error.near
    return said


def sentence(error: StrategyError) -> str:
    """What is wrong, without its place."""
    hint = f"; did you mean {error.near!r}?" if error.near else ""
    return f"{error.reason[:LONGEST_ECHO]}{hint}"
