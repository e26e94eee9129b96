"""The built-in strategies: one JSON file each, in the format that users' own are written in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any
from uuid import UUID

from engine.errors import UnknownStrategy
from engine.parameters import Parameter
from engine.rules import parameters_of


@dataclass(frozen=True, slots=True, eq=False)
class BuiltIn:
    """A strategy that everyone has. Its id never changes: clients have it in their code."""

    id: UUID
    short_name: str
    aliases: tuple[str, ...]
    default_symbol: str
    title: str
    description: str
    definition: Mapping[str, Any]

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        return parameters_of(self.definition)


@cache
def builtins() -> tuple[BuiltIn, ...]:
    """All built-ins by short name."""
    entries = [entry for entry in files("engine.strategies").iterdir() if entry.name.endswith(".json")]
    read = [_built_in(json.loads(entry.read_text(encoding="utf-8"))) for entry in entries]
    return tuple(sorted(read, key=lambda built_in: built_in.short_name))


def find(id_or_name: str | UUID) -> BuiltIn | None:
    """The built-in with that id, short name or alias."""
    return _by_name().get(str(id_or_name).lower())


def get(id_or_name: str | UUID) -> BuiltIn:
    """As find, but raises UnknownStrategy with the nearest name."""
    found = find(id_or_name)
    if found is None:
        raise UnknownStrategy(str(id_or_name), [built_in.short_name for built_in in builtins()])
    return found


@cache
def _by_name() -> dict[str, BuiltIn]:
    return {
        name: built_in for built_in in builtins() for name in (str(built_in.id), built_in.short_name, *built_in.aliases)
    }


def _built_in(facts: Mapping[str, Any]) -> BuiltIn:
    return BuiltIn(
        id=UUID(facts["id"]),
        short_name=facts["shortName"],
        aliases=tuple(facts["aliases"]),
        default_symbol=facts["defaultSymbol"],
        title=facts["title"],
        description=facts["description"],
        definition=facts["definition"],
    )
