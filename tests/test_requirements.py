"""The pinned requirements answer to pyproject.toml, and to nothing on the machine that pinned them."""

import json
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
RUNTIME = PROJECT["project"]["dependencies"]
DEVELOPMENT = RUNTIME + PROJECT["dependency-groups"]["dev"]
PEERS = DEVELOPMENT + PROJECT["dependency-groups"]["bench"]


def text(name: str) -> str:
    return (ROOT / "requirements" / name).read_text(encoding="utf-8")


def pins(name: str) -> set[str]:
    """Lines such as `numpy==2.4.6 ; python_full_version < '3.12'`."""
    return set(re.findall(r"^([a-z0-9].*?) \\$", text(name), re.MULTILINE))


@pytest.mark.parametrize(("name", "wanted"), [("runtime.txt", RUNTIME), ("dev.txt", DEVELOPMENT), ("bench.txt", PEERS)])
def test_everything_the_project_asks_for_is_pinned(name: str, wanted: list[str]) -> None:
    pinned = {pin.split("==")[0] for pin in pins(name)}

    assert {re.split(r"[\[<>=;~! ]", one)[0].lower().replace("_", "-") for one in wanted} - pinned == set()


@pytest.mark.parametrize(("name", "base"), [("dev.txt", "runtime.txt"), ("bench.txt", "dev.txt")])
def test_what_is_added_never_changes_what_ships(name: str, base: str) -> None:
    assert versions(base) - versions(name) == set()


def versions(name: str) -> set[str]:
    return {pin.split(" ")[0] for pin in pins(name)}


@pytest.mark.parametrize("name", ["runtime.txt", "dev.txt", "bench.txt"])
def test_every_pin_has_its_hashes_and_no_address(name: str) -> None:
    entries = re.split(r"\n(?=[a-z0-9])", text(name).strip())

    assert [entry for entry in entries if "--hash=sha256:" not in entry] == []
    assert "://" not in text(name)
    assert "--index" not in text(name)
    assert "--extra-index" not in text(name)
    assert "--find-links" not in text(name)


def test_every_package_from_npm_has_its_integrity_and_no_address() -> None:
    locked = packages_from_npm()

    assert [name for name, package in locked.items() if not package["integrity"].startswith("sha512-")] == []
    assert "://" not in text("npm/package-lock.json")
    assert "resolved" not in text("npm/package-lock.json")


def test_what_is_served_from_npm_is_named_and_free_to_serve() -> None:
    served = {name: package["license"] for name, package in packages_from_npm().items() if not package.get("dev")}
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8").lower().replace(" ", "-")

    assert set(served.values()) <= {"Apache-2.0", "MIT"}
    assert [name for name in served if name not in notice] == []


def packages_from_npm() -> dict[str, dict[str, str]]:
    locked = json.loads(text("npm/package-lock.json"))["packages"]
    return {path.removeprefix("node_modules/"): package for path, package in locked.items() if path}
