"""Makes the documentation's pictures from the running product: `make screenshots`.

With a directory it photographs every page and state in every width, theme and language there, to be looked at:
`python docs/screenshots.py --all DIRECTORY`, and with names after it only those pictures.
"""

import asyncio
import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
from playwright.sync_api import Browser, Page, expect, sync_playwright

from api.cli.stack import ask
from engine import strategies
from pgqueue import Companion, EmbeddedServer, Queue, open_pool
from pgqueue.claim import claim
from pgqueue.cursor import Cursor
from pgqueue.executor import ProgressReport
from pgqueue.lease import Lease
from pgqueue.progress import ProgressBoard

PICTURES = Path(__file__).with_name("pictures")
ALONE = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
WIDTHS = (1280, 390)
LOOKS: tuple[dict[str, Any], ...] = ({}, {"dark": True}, {"locale": "ko-KR"})
DAYS = {"startDate": "2012-01-01", "endDate": "2018-12-31", "initialCapital": 10000}
RUNS: tuple[tuple[str, str, dict[str, float]], ...] = (
    ("SPX", "sma-cross", {"fast": 10, "slow": 50}),
    ("SPX", "rsi-reversion", {}),
    ("IXIC", "donchian-breakout", {}),
    ("MSFT", "ema-cross", {}),
    ("KO", "supertrend", {}),
)
OWN: dict[str, Any] = {
    "version": 1,
    "name": "Pullback in an uptrend",
    "params": {
        "trend": {"type": "int", "default": 200, "min": 50, "max": 400},
        "dip": {"type": "float", "default": 35, "min": 5, "max": 50},
    },
    "let": {"uptrend": "close > sma(close, trend)", "strength": "rsi(close, 14)"},
    "entryLong": "uptrend and crosses_above(strength, dip)",
    "exitLong": "strength > 70 or not uptrend",
    "stops": {"loss": {"pct": 0.08}},
    "sizing": {"mode": "percent", "value": 1.0},
}


@dataclass
class Scene:
    """The product with something in it: ids of jobs by what they are."""

    url: str
    database_url: str
    user: str
    worker: Companion
    newcomer: str = field(default_factory=lambda: str(uuid4()))
    used_up: str = field(default_factory=lambda: str(uuid4()))
    jobs: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        return {**os.environ, "DATABASE_URL": self.database_url}

    def ask(self, *words: str) -> Any:
        return json.loads(ask(*words, "--json", environment=self.environment))

    def login(self, page: str, user: str) -> str:
        return str(self.ask("keys", "login", "--user", user, "--url", f"{self.url}{page}")["url"])


@dataclass(frozen=True, slots=True)
class Picture:
    """ready: what is there when it may be taken. is_kept: one of the documentation's. user: None is not logged in."""

    name: str
    page: str
    address: Callable[[Scene], str]
    ready: str
    act: Callable[[Page], None] | None = None
    height: int = 1000
    is_kept: bool = True
    user: Callable[[Scene], str | None] = lambda scene: scene.user


def wrong_rule(page: Page) -> None:
    rule = page.get_by_label(re.compile("^(Open long when|매수 진입 조건)$"))
    expect(rule).to_have_value(OWN["entryLong"])
    rule.fill("uptrend and crosses_above(strenth, dip)")
    page.wait_for_selector(".rule-mirror mark")


def cut_off(page: Page) -> None:
    """Out of reach: a route does not end the stream that is open, a hidden page does."""
    page.route("**/api/**", lambda route: route.abort())
    for hidden in ("true", "false"):
        page.evaluate(
            f"Object.defineProperty(document, 'hidden', {{ configurable: true, get: () => {hidden} }});"
            "document.dispatchEvent(new Event('visibilitychange'));"
        )
    page.locator("#away >> visible=true").wait_for()


def as_sweep(page: Page) -> None:
    page.locator("label[for=mode-sweep]").click()


def state(name: str, page: str, address: str, ready: str, **members: Any) -> Picture:
    return Picture(name, page, lambda scene: address.format(**scene.jobs), ready, is_kept=False, **members)


STATES = (
    state("login", "", "", "#login >> visible=true", user=lambda _: None),
    state("login-admin", "/admin", "", "#login >> visible=true", user=lambda _: None),
    state("runs-none", "", "#/", "#run >> visible=true", user=lambda scene: scene.newcomer),
    state("history-none", "", "#/history", ".page >> visible=true", user=lambda scene: scene.newcomer),
    state("compare-none", "", "#/compare", ".page >> visible=true", user=lambda scene: scene.newcomer),
    state("quota", "", "#/", "#run >> visible=true", user=lambda scene: scene.used_up),
    state("away", "", "#/", ".run", act=cut_off),
    state("sweep-form", "", "#/", ".run", act=as_sweep, height=1300),
    state("run-failed", "", "#/runs/{failed}", ".standing"),
    state("run-running", "", "#/runs/{AAPL}", ".standing"),
    state("run-missing", "", "#/runs/nothing", ".run-page .empty"),
    state("strategies", "", "#/strategies", ".strategy-list a", height=1400),
    state("strategy-new", "", "#/strategies/new", ".check-state"),
    state("jobs-none", "/admin", "#/jobs?symbol=NONE", ".page >> visible=true"),
    state("job-running", "/admin", "#/jobs/{AAPL}", ".page >> visible=true", height=1400),
    state("admin-away", "/admin", "#/", ".page >> visible=true", act=cut_off),
)  # fmt: skip
SHOWN = (
    Picture("runs", "", lambda _: "#/", ".run", height=900),
    Picture("result", "", lambda scene: f"#/runs/{scene.jobs['SPX sma-cross']}", "canvas", height=1400),
    Picture("sweep", "", lambda scene: f"#/runs/{scene.jobs['sweep']}", ".heat-map >> visible=true", height=1200),
    Picture(
        "compare", "",
        lambda scene: f"#/compare/{scene.jobs['SPX sma-cross']}/{scene.jobs['SPX rsi-reversion']}", "canvas",
    ),
    Picture("history", "", lambda _: "#/history", ".page >> visible=true", is_kept=False),
    Picture("strategy", "", lambda scene: f"#/strategies/{scene.jobs['strategy']}", ".check-state", act=wrong_rule),
    Picture("operations", "/admin", lambda _: "#/", ".page >> visible=true"),
    Picture("jobs", "/admin", lambda _: "#/jobs", "table >> visible=true", height=900),
    Picture("job", "/admin", lambda scene: f"#/jobs/{scene.jobs['failed']}", ".page >> visible=true"),
    *(
        Picture(name, "/admin", lambda _, name=name: f"#/{name}", ".page >> visible=true", is_kept=False)  # type: ignore[misc]
        for name in ("queues", "workers", "accounts", "audit", "doctor")
    ),
    *STATES,
)  # fmt: skip


def main() -> None:
    every = Path(sys.argv[2]) if sys.argv[1:2] == ["--all"] else None
    with ExitStack() as stack:
        scene = stack.enter_context(running())
        furnish(scene)
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ALONE)
        if every is None:
            PICTURES.mkdir(exist_ok=True)
            for picture in (one for one in SHOWN if one.is_kept):
                for width in WIDTHS:
                    photograph(browser, scene, picture, PICTURES / f"{picture.name}-{width}.png", width=width)
        else:
            every.mkdir(parents=True, exist_ok=True)
            named = sys.argv[3:]
            for picture in (one for one in SHOWN if not named or one.name in named):
                for width in WIDTHS:
                    for look in LOOKS:
                        name = "-".join([picture.name, str(width), *map(str, look)])
                        photograph(browser, scene, picture, every / f"{name}.png", width=width, **look)
        browser.close()


@contextmanager
def running() -> Iterator[Scene]:
    with ExitStack() as stack:
        directory = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pgqueue-docs-")))
        directory.chmod(0o711)
        database_url = stack.enter_context(EmbeddedServer(directory / "data")).url
        environment = {**os.environ, "DATABASE_URL": database_url}
        ask("migrate", environment=environment)
        ask("data", "sample", environment=environment)
        serve, worker = (
            Companion([sys.executable, "-m", "pgqueue", *words, "--json"], environment=environment)
            for words in (["serve", "--port", "0"], ["worker"])
        )
        stack.callback(serve.stop)
        stack.callback(worker.stop)
        url = json.loads(serve.answer())["url"]
        worker.answer()
        yield Scene(url, database_url, str(uuid4()), worker)


def furnish(scene: Scene) -> None:
    """Runs that ended, one that failed, a sweep, a strategy; then one that runs and stays where it is."""
    key = scene.ask("keys", "create", "--user", scene.user, "--plan", "pro")["key"]
    ask("keys", "role", "admin", "--user", scene.user, environment=scene.environment)
    with httpx.Client(base_url=scene.url, headers={"Authorization": f"Bearer {key}"}, timeout=60) as client:
        scene.jobs["strategy"] = client.post("/api/strategies", json={"definition": OWN}).json()["id"]
        for symbol, strategy, params in RUNS:
            body = {"strategyId": strategy, "params": {"symbol": symbol, **DAYS, "strategyParams": params}}
            scene.jobs[f"{symbol} {strategy}"] = client.post("/api/backtest/queue", json=body).json()["jobId"]
        grid = {"fast": {"from": 5, "to": 40, "step": 5}, "slow": {"from": 50, "to": 200, "step": 15}}
        sweep = {"strategyId": "sma-cross", "params": {"symbol": "SPX", **DAYS}, "grid": grid}
        scene.jobs["sweep"] = client.post("/api/backtest/sweeps", json=sweep).json()["jobId"]
        for job_id in scene.jobs.values():
            follow(client, job_id)
        scene.ask("keys", "create", "--user", scene.newcomer, "--plan", "free")
        other = scene.ask("keys", "create", "--user", scene.used_up, "--plan", "free")["key"]
        ask("accounts", "set", scene.used_up, "--per-day", "1", environment=scene.environment)
        one = {"strategyId": "sma-cross", "params": {"symbol": "KO", **DAYS}}
        client.post("/api/backtest/queue", json=one, headers={"Authorization": f"Bearer {other}"}).raise_for_status()
        scene.jobs["failed"] = in_thread(fail(scene))
        follow(client, scene.jobs["failed"])
        # A real run is over before a shutter opens. These are held by a worker that only says how far it is.
        scene.worker.stop()
        for symbol in ("AAPL", "JNJ", "XOM"):
            body = {"strategyId": "macd", "params": {"symbol": symbol, **DAYS}}
            scene.jobs[symbol] = client.post("/api/backtest/queue", json=body).json()["jobId"]
    in_thread(hold(scene.database_url))


def in_thread(work: Coroutine[Any, Any, Any]) -> Any:
    """Not here: the browser has this thread's loop."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


async def fail(scene: Scene) -> str:
    """A run of a symbol that nobody has prices of: no request would be let through with it."""
    chosen = strategies.get("sma-cross")
    strategy = {"strategyId": str(chosen.id), "strategy": chosen.definition, "strategyParams": {}}
    args = {"symbol": "LEHMQ", **strategy, **DAYS}
    async with open_pool(scene.database_url, size=1) as pool, Queue(pool) as queue:
        return str((await queue.enqueue("backtest", args, user_id=UUID(scene.user))).job_id)


def follow(client: httpx.Client, job_id: str) -> None:
    with client.stream("GET", f"/api/backtest/queue/{job_id}/events") as events:
        for _ in events.iter_lines():
            pass


async def hold(database_url: str) -> None:
    async with open_pool(database_url, size=1) as pool:
        lease = Lease(pool, queue="backtest", slots=2, seconds=3600)
        await lease.take()
        jobs = await claim(pool, queue="backtest", worker_id=lease.worker_id, limit=2, cursor=Cursor("backtest"))
        board = ProgressBoard(pool, lease.worker_id, tick_seconds=0.1, on_lease_lost=lost)
        for job, percent in zip(jobs, (68, 31), strict=True):
            board.report(job, ProgressReport(percent, "simulate", 3.0))
        await board.flush()


def lost(job_id: UUID, attempt: int) -> None:
    raise RuntimeError(f"job {job_id}: lost in attempt {attempt}")


def photograph(
    browser: Browser, scene: Scene, picture: Picture, to: Path, *, width: int, dark: bool = False, locale: str = "en-US"
) -> None:
    context = browser.new_context(
        viewport={"width": width, "height": picture.height if width > 600 else 844},
        locale=locale, color_scheme="dark" if dark else "light", reduced_motion="reduce",
    )  # fmt: skip
    page = context.new_page()
    user = picture.user(scene)
    if user is not None:
        page.goto(scene.login(picture.page, user))
        page.wait_for_selector("#views:not([hidden])")
    page.goto(f"{scene.url}{picture.page or '/'}{picture.address(scene)}")
    page.locator(picture.ready).first.wait_for()
    if picture.act is not None:
        picture.act(page)
    # What moves in is to have arrived.
    page.wait_for_timeout(1500)
    page.screenshot(path=str(to))
    context.close()


if __name__ == "__main__":
    main()
