"""What does a first look at each page cost on the wire, and what does the next one?

A real server and a real Chromium, an operator logged in. Counted is what came over the connection, headers and bodies
as they are sent, until nothing more is asked for; what the browser takes from what it kept costs nothing. The event
stream stays open and is left out.
"""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any
from uuid import uuid4

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from api.cli.stack import ask
from bench.harness import Options, main, own_database, processes, say

BAR_BYTES = 150_000
"""For a first look at `/`, all in all."""
PAGES = {"root": "/", "admin": "/admin"}
QUIET_MILLISECONDS = 1_000
PATIENCE_MILLISECONDS = 30_000
ALONE = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]


@dataclass(frozen=True, slots=True)
class Weight:
    bytes: int
    requests: int


class Wire:
    """What comes over the wire to a page, by its browser's own account."""

    def __init__(self, page: Page) -> None:
        self._open: set[str] = set()
        self._lengths: list[int] = []
        session = page.context.new_cdp_session(page)
        session.on("Network.requestWillBeSent", lambda event: self._open.add(event["requestId"]))
        session.on("Network.responseReceived", self._on_response)
        session.on("Network.loadingFinished", self._on_finished)
        session.on("Network.loadingFailed", lambda event: self._open.discard(event["requestId"]))
        session.send("Network.enable")

    @property
    def is_quiet(self) -> bool:
        return not self._open

    @property
    def weight(self) -> Weight:
        return Weight(sum(self._lengths), len(self._lengths))

    def _on_response(self, event: dict[str, Any]) -> None:
        # It has no end to wait for.
        if event["response"]["mimeType"] == "text/event-stream":
            self._open.discard(event["requestId"])

    def _on_finished(self, event: dict[str, Any]) -> None:
        self._open.discard(event["requestId"])
        # From a cache nothing has come.
        if event["encodedDataLength"] > 0:
            self._lengths.append(round(event["encodedDataLength"]))


def run(options: Options) -> dict[str, Any]:
    with own_database() as database_url:
        environment = {**os.environ, "DATABASE_URL": database_url}
        ask("data", "sample", environment=environment)
        key = operator(environment)
        serve = ["-m", "pgqueue", "serve", "--port", "0", "--json", "--no-access-log"]
        with processes(database_url, serve) as (served,), chromium() as browser:
            found: dict[str, Any] = {}
            for name, path in PAGES.items():
                weights = look_twice(browser, served["url"], path, key)
                found[name] = weights and {when: asdict(weight) for when, weight in weights.items()}
                say(options, f"{path}: {found[name] or 'is no page here'}")
    return {**found, "bar_bytes": BAR_BYTES}


def operator(environment: dict[str, str]) -> str:
    """The key of somebody who may look at everything."""
    user = str(uuid4())
    key = json.loads(ask("keys", "create", "--user", user, "--json", environment=environment))["key"]
    ask("keys", "role", "admin", "--user", user, environment=environment)
    return str(key)


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ALONE)
        yield browser
        browser.close()


def look_twice(browser: Browser, url: str, path: str, key: str) -> dict[str, Weight] | None:
    """With nothing kept, and again with what was kept; None where there is no such page."""
    context = browser.new_context()
    logged_in = context.request.post(f"{url}/api/session", headers={"Authorization": f"Bearer {key}"})
    if not logged_in.ok:
        raise RuntimeError(f"nobody was logged in: {logged_in.status} {logged_in.text()}")
    if context.request.get(f"{url}{path}").status == 404:
        return None
    weights = {"cold": look(context, f"{url}{path}"), "warm": look(context, f"{url}{path}")}
    context.close()
    return weights


def look(context: BrowserContext, address: str) -> Weight:
    page = context.new_page()
    wire = Wire(page)
    page.goto(address, timeout=PATIENCE_MILLISECONDS)
    quiet, seen = 0, wire.weight
    while quiet < QUIET_MILLISECONDS:
        page.wait_for_timeout(100)
        quiet = quiet + 100 if wire.is_quiet and wire.weight == seen else 0
        seen = wire.weight
    page.close()
    return seen


if __name__ == "__main__":
    main(str(__doc__).split("\n", 1)[0], run)
