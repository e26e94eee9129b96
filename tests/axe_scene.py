"""What axe-core finds wrong with a page as it is now, for those who cannot see it, or hear it, or use a mouse."""

import sys
from functools import cache
from pathlib import Path
from typing import Any

from playwright.sync_api import Page

SOURCE = Path(sys.prefix) / "npm" / "node_modules" / "axe-core" / "axe.min.js"
WORTH_MENDING = ("critical", "serious", "moderate")


@cache
def source() -> str:
    """axe-core, as `make env` put it into the environment. It never ships."""
    return SOURCE.read_text(encoding="utf-8")


def violations(page: Page) -> list[str]:
    """One line per rule broken: how bad, which rule, what to do, and where, as selectors."""
    # By the debugger's door, not a script tag: the page's policy, which stays in force, would refuse it.
    page.evaluate(source())
    found = page.evaluate("() => axe.run(document, { resultTypes: ['violations'] })")["violations"]
    return [_line(each) for each in found if each["impact"] in WORTH_MENDING]


def assert_accessible(page: Page) -> None:
    found = violations(page)
    assert found == [], "\n".join(found)


def _line(found: dict[str, Any]) -> str:
    places = ", ".join(_selector(node["target"]) for node in found["nodes"])
    return f"{found['impact']}: {found['id']} ({found['help']}) at {places}"


def _selector(target: list[str | list[str]]) -> str:
    """Through frames and shadow roots from the outside in."""
    return " » ".join(step if isinstance(step, str) else " ".join(step) for step in target)
