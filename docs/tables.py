"""The tables of the documentation that follow from the code: printed, or written into their places.

python docs/tables.py          # writes them anew between the markers
"""

import re
from collections.abc import Callable
from pathlib import Path

from engine import strategies
from engine.indicators import INDICATORS
from engine.words import DERIVED, FUNCTIONS, SERIES

DOCS = Path(__file__).parent


def built_ins() -> str:
    rows = [
        f"| `{one.short_name}` | {one.description} | {_parameters(one.definition.get('params') or {})} |"
        for one in strategies.builtins()
    ]
    return "\n".join(["| name | what it does | parameters |", "|---|---|---|", *rows])


def _parameters(params: dict[str, dict[str, float]]) -> str:
    return ", ".join(f"`{name}` {facts['default']}" for name, facts in params.items()) or "–"


def language() -> str:
    prices = " ".join(f"`{name}`" for name in (*SERIES, *DERIVED))
    rows = [f"| `{usage}` |" for usage in FUNCTIONS.values()]
    return "\n".join([f"Prices: {prices}.", "", "| function |", "|---|", *rows])


def indicators() -> str:
    rows = [f"| `{one.usage}` | {_ranges(one.parameters)} | {one.source} |" for one in INDICATORS.values()]
    return "\n".join(["| indicator | ranges | source |", "|---|---|---|", *rows])


def _ranges(parameters: tuple[object, ...]) -> str:
    return ", ".join(f"{p.name} {p.minimum:,g}–{p.maximum:,g}" for p in parameters) or "–"  # type: ignore[attr-defined]


TABLES: dict[str, dict[str, Callable[[], str]]] = {
    "strategies.md": {"built-ins": built_ins, "language": language},
    "indicators.md": {"indicators": indicators},
}


def with_tables(text: str, tables: dict[str, Callable[[], str]]) -> str:
    """The text with each table anew between its markers."""
    for name, table in tables.items():
        pattern = rf"(<!-- {name} -->\n).*?(<!-- end -->)"
        assert re.search(pattern, text, flags=re.DOTALL), f"no markers for {name}"
        text = re.sub(pattern, lambda found, table=table: f"{found[1]}{table()}\n{found[2]}", text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    for file, tables in TABLES.items():
        path = DOCS / file
        path.write_text(with_tables(path.read_text(encoding="utf-8"), tables), encoding="utf-8")
