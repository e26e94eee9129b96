"""Makes docs/page.png from the running product: one backtest running, one done. `make screenshots`."""

import asyncio
import json
import os
import shutil
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID, uuid4

from playwright.sync_api import Page, sync_playwright

from api.cli.stack import ask
from pgqueue import Companion, EmbeddedServer, open_pool
from pgqueue.claim import claim
from pgqueue.executor import ProgressReport
from pgqueue.lease import Lease
from pgqueue.progress import ProgressBoard

PICTURE = Path(__file__).with_name("page.png")
ALONE = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]


def main() -> None:
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
        user = str(uuid4())
        ask("keys", "create", "--user", user, "--plan", "pro", environment=environment)
        login = json.loads(ask("keys", "login", "--user", user, "--url", url, "--json", environment=environment))
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ALONE)
        page = browser.new_context(viewport={"width": 1280, "height": 1000}, locale="en-US").new_page()
        page.goto(login["url"])
        photograph(page, worker, database_url)
        browser.close()


def photograph(page: Page, worker: Companion, database_url: str) -> None:
    page.wait_for_selector("#desk")
    page.select_option("#strategy", label="SMA crossover")
    page.click("#run")
    page.wait_for_selector(".run svg")
    # A real run is over before a shutter opens. This one is held half-way, by a worker that only says how far it is.
    worker.stop()
    page.click("#run")
    page.locator(".run").nth(1).wait_for()
    # Not here: this thread's loop is the browser's.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, hold(database_url)).result()
    page.wait_for_selector("text=Running backtest")
    # The bar moves there, and is to have arrived.
    page.wait_for_timeout(1000)
    page.screenshot(path=str(PICTURE))


async def hold(database_url: str) -> None:
    async with open_pool(database_url, size=1) as pool:
        lease = Lease(pool, queue="backtest", slots=1, seconds=600)
        await lease.take()
        (job,) = await claim(pool, queue="backtest", worker_id=lease.worker_id, limit=1)
        board = ProgressBoard(pool, lease.worker_id, tick_seconds=0.1, on_lease_lost=lost)
        board.report(job, ProgressReport(68, "simulate", 3.0))
        await board.flush()


def lost(job_id: UUID, attempt: int) -> None:
    raise RuntimeError(f"job {job_id}: lost in attempt {attempt}")


if __name__ == "__main__":
    main()
