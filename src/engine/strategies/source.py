"""Strategies in files: read as strictly as the API reads them, and an error shown under the text that it is about."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn
from unicodedata import combining, east_asian_width

from engine.errors import StrategyError

MAX_BYTES = 256 * 1024
BEFORE, AFTER = 48, 24
"""Characters of a rule that are shown around a column: with the margin, a line of a terminal."""


def read_file(path: Path) -> Any:
    """The JSON value in a file. OSError where it cannot be read, StrategyError where it is no JSON of ours."""
    with path.open("rb") as file:
        text = file.read(MAX_BYTES + 1)
    return read_source(text, str(path))


def read_source(text: bytes, name: str) -> Any:
    """The JSON value in the text: UTF-8, no member twice, no NaN. name: whose text it is, for the error."""
    if len(text) > MAX_BYTES:
        raise StrategyError(name, f"larger than {MAX_BYTES:,} bytes, which is no strategy")
    if not text.strip():
        raise StrategyError(name, "is empty; `pgqueue strategies show sma-cross` writes one to begin with")
    try:
        return json.loads(text.decode(), object_pairs_hook=_members, parse_constant=_no_constant)
    except UnicodeDecodeError:
        raise StrategyError(name, "not UTF-8") from None
    except RecursionError:
        raise StrategyError(name, "nested too deep") from None
    except ValueError as error:
        raise StrategyError(name, f"not JSON ({error})") from None


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        twice, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise ValueError(f"the member {twice[:100]!r} stands in it twice")
    return members


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def excerpt(definition: object, error: StrategyError) -> str | None:
    """Two lines: the rule around the error's column, a caret below it. None where the error is about no rule's text."""
    text = _text_at(definition, error.path)
    if text is None or error.column is None:
        return None
    at = min(error.column - 1, len(text))
    begin, end = max(0, at - BEFORE), at + AFTER
    before = ("…" if begin else "") + _one_line(text[begin:at])
    after = _one_line(text[at:end]) + ("…" if end < len(text) else "")
    return f"{before}{after}\n{' ' * sum(map(_cells, before))}^"


def _text_at(definition: object, path: str) -> str | None:
    """The text that a path such as `let.fast` names."""
    value = definition
    for member in path.split("."):
        value = value.get(member) if isinstance(value, Mapping) else None
    return value if isinstance(value, str) else None


def _one_line(text: str) -> str:
    """Each character as one that a terminal only shows: line breaks as the spaces they mean, others that act as ?."""
    return "".join(" " if character.isspace() else character if character.isprintable() else "?" for character in text)


def _cells(character: str) -> int:
    """How many columns of a terminal it takes."""
    if combining(character):
        return 0
    return 2 if east_asian_width(character) in "WF" else 1
