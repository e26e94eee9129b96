"""A served database, a browser, and someone who looks at a page of it."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect
from psycopg import AsyncConnection

from api import accounts
from api.cli.stack import ask
from pgqueue import Companion, Queue
from pgqueue.database import open_pool

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
ALONE = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
EVENTS = "**/api/backtest/events"
TEST_WORKER = Path(__file__).with_name("worker_process.py")
PATIENCE_MILLISECONDS = 30_000


@dataclass(frozen=True)
class Site:
    """A served database, and ways for a test to do what no page can."""

    database_url: str
    url: str

    def ask(self, *command: str) -> str:
        return ask(*command, environment=environment(self.database_url))

    def key(self, user: str, *, plan: str = "pro") -> str:
        async def work(connection: AsyncConnection[Any]) -> str:
            await accounts.ensure_user(connection, UUID(user), plan)
            _, key = await accounts.create_key(connection, UUID(user), name="", scopes=[], expires_seconds=None)
            return key

        return str(self._with_connection(work))

    def login_url(self, user: str, *, role: str | None = None, plan: str = "pro") -> str:
        """As `pgqueue keys login` prints it, without the second that a process takes to start."""

        async def work(connection: AsyncConnection[Any]) -> str:
            await accounts.ensure_user(connection, UUID(user), plan)
            if role is not None:
                await accounts.set_role(connection, UUID(user), role)
            return await accounts.create_login_code(connection, UUID(user))

        page = "/" if role is None else "/admin"
        return f"{self.url}{page}#code={self._with_connection(work)}"

    def _with_connection(self, work: Callable[[AsyncConnection[Any]], Awaitable[Any]]) -> Any:
        async def connected() -> Any:
            async with await AsyncConnection.connect(self.database_url, autocommit=True) as connection:
                return await work(connection)

        return in_thread(connected())

    def enqueue(self, user: str, kind: str, *, queue_name: str = "backtest", **args: Any) -> None:
        self.enqueue_all(user, kind, [args], queue_name=queue_name)

    def enqueue_all(self, user: str, kind: str, several: list[dict[str, Any]], *, queue_name: str = "backtest") -> None:
        shown = {"symbol": "KO", "startDate": "2020-01-01", "endDate": "2021-01-01", "initialCapital": 1000}

        async def enqueue() -> None:
            async with (
                open_pool(self.database_url, size=1, application_name="test") as pool,
                Queue(pool, name=queue_name) as queue,
            ):
                for args in several:
                    await queue.enqueue(kind, shown | args, user_id=UUID(user))

        in_thread(enqueue())


def in_thread(work: Coroutine[Any, Any, Any]) -> Any:
    """Not here: this thread's loop is the browser's."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()


@dataclass
class Visit:
    """A page that someone is logged in to, and what went wrong in it."""

    page: Page
    user: str
    wrong: list[str] = field(default_factory=list)

    @property
    def runs(self) -> Any:
        return self.page.locator(".run")

    def run(self, strategy: str = "SMA crossover", **fields: str) -> None:
        self.page.select_option("#strategy", label=strategy)
        for name, value in fields.items():
            self.page.fill(f"#{name}", value)
        self.page.click("#run")

    def note(self, message: ConsoleMessage) -> None:
        # A refused request is logged by the browser as an error, and is none.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            self.wrong.append(message.text)


def environment(database_url: str) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": database_url}


def start(stack: ExitStack, database_url: str, command: list[str]) -> tuple[Companion, str]:
    """A process that is stopped in the end, and the line by which it said that it is ready."""
    companion = Companion([sys.executable, *command], environment=environment(database_url))
    stack.callback(companion.stop)
    line = companion.answer()
    assert line, f"{command} did not start"
    return companion, line


def serve(stack: ExitStack, database_url: str, port: int = 0) -> tuple[Companion, str]:
    companion, line = start(stack, database_url, ["-m", "pgqueue", "serve", "--port", str(port), "--json"])
    return companion, json.loads(line)["url"]


@contextmanager
def visiting(
    browser: Browser,
    site: Site,
    *,
    prepare: Callable[[Page], object] | None = None,
    role: str | None = None,
    **context: Any,
) -> Iterator[Visit]:
    """Someone new, logged in by a one-time address; with a role of operators, on their page.

    context: as for looking. In the end: no policy was broken, no error left uncaught.
    """
    user = str(uuid4())
    with looking(browser, **context) as visit:
        visit.user = user
        if prepare is not None:
            prepare(visit.page)
        visit.page.goto(site.login_url(user, role=role))
        expect(visit.page.locator("#views")).to_be_visible()
        yield visit


@contextmanager
def looking(browser: Browser, *, width: int = 1280, locale: str = "en-US", dark: bool = False) -> Iterator[Visit]:
    """A page that has gone nowhere yet, of nobody. In the end: no policy was broken, no error left uncaught."""
    opened = browser.new_context(
        viewport={"width": width, "height": 900}, locale=locale, color_scheme="dark" if dark else "light"
    )
    opened.set_default_timeout(PATIENCE_MILLISECONDS)
    page = opened.new_page()
    visit = Visit(page, user="")
    page.on("console", visit.note)
    page.on("pageerror", lambda error: visit.wrong.append(str(error)))
    yield visit
    opened.close()
    assert visit.wrong == [], visit.wrong


def hold(page: Page, address: str, *, times: int | None = None) -> list[Route]:
    """What the page asks of that address from now on, kept back until the test lets it go on."""
    held: list[Route] = []

    def keep(route: Route) -> None:
        held.append(route)

    page.route(address, keep, times=times)
    return held


def connection(page: Page) -> Any:
    return page.locator("#connection")
