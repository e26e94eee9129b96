"""Fifty jobs run at once and report often: does the traders' page drop a frame while it shows them?

The product's own API, worker and queue, and a real Chromium, which draws in software: where it stutters, a machine with
a graphics card need not, and the other way round never. Frames are counted while nothing is touched, as the page's own
requestAnimationFrame sees them; beside them those of a page that stands still, for a machine may drop frames by itself.
"""

import asyncio
import json
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from playwright.sync_api import Page

from api.cli.stack import ask
from bench.harness import Options, main, own_database, percentile, processes, say
from bench.page_weight import PATIENCE_MILLISECONDS, chromium
from pgqueue import Queue, open_pool

JOBS = 50
REPORTS_A_SECOND = 10
LATE_MILLISECONDS = 25.0
"""One and a half frames of 60 a second: a frame was dropped."""
SERVE = ["-m", "pgqueue", "serve", "--port", "0", "--json", "--no-access-log"]
WORKER = [str(Path(__file__).with_name("worker.py")), str(JOBS), "stamped"]
ALL_RUN = f"() => document.querySelectorAll('.run[data-status=processing]').length === {JOBS}"
WATCH = """() => {
    const seen = { frames: [], longTasks: [], shift: 0, changes: 0 };
    window.seen = seen;
    new PerformanceObserver(list => seen.longTasks.push(...list.getEntries().map(each => each.duration)))
        .observe({ type: "longtask" });
    new PerformanceObserver(list => {
        for (const entry of list.getEntries()) if (!entry.hadRecentInput) seen.shift += entry.value;
    }).observe({ type: "layout-shift" });
    const list = document.getElementById("run-list");
    new MutationObserver(changes => (seen.changes += changes.length))
        .observe(list, { subtree: true, attributeFilter: ["aria-valuenow"] });
    let last = performance.now();
    const frame = now => {
        seen.frames.push(now - last);
        last = now;
        requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
}"""


def run(options: Options) -> dict[str, Any]:
    seconds = 5 if options.quick else 30
    with own_database() as database_url, processes(database_url, SERVE, WORKER) as (served, _), chromium() as browser:
        environment = {**os.environ, "DATABASE_URL": database_url}
        user = str(uuid4())
        key = json.loads(ask("keys", "create", "--user", user, "--json", environment=environment))["key"]
        ask("accounts", "set", user, "--concurrent", str(JOBS), "--per-day", str(JOBS), environment=environment)
        with ExitStack() as stack:
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            stack.callback(context.close)
            context.set_default_timeout(PATIENCE_MILLISECONDS)
            context.request.post(f"{served['url']}/api/session", headers={"Authorization": f"Bearer {key}"})
            page = context.new_page()
            page.goto(served["url"])
            page.wait_for_selector("#connection[data-state=live]")
            page.wait_for_selector("#ticket[aria-busy=false]")
            page.wait_for_selector("#runs-empty")
            still = watched(page, seconds=seconds)
            begin(database_url, user, seconds=seconds * 2 + 30)
            page.wait_for_function(ALL_RUN)
            moving = watched(page, seconds=seconds)
            if not page.evaluate(ALL_RUN):
                raise RuntimeError(f"not all {JOBS} jobs ran to the end of the watch")
    say(options, f"standing still: {figures(still)}")
    return {"jobs": JOBS, **figures(moving), "still_p99_ms": figures(still)["p99_ms"]}


def begin(database_url: str, user: str, *, seconds: int) -> None:
    """All of them at once, for longer than they are looked at."""
    # Not here: this thread's loop is the browser's.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, enqueue(database_url, user, seconds)).result()


async def enqueue(database_url: str, user: str, seconds: int) -> None:
    facts = {"symbol": "KO", "startDate": "2020-01-01", "endDate": "2021-01-01", "initialCapital": 1000}
    steps = {"steps": seconds * REPORTS_A_SECOND, "seconds": seconds}
    async with (
        open_pool(database_url, size=1, application_name="bench") as pool,
        Queue(pool, name="backtest") as queue,
    ):
        for n in range(JOBS):
            await queue.enqueue("stamped", facts | steps | {"strategy": {"name": f"job {n}"}}, user_id=UUID(user))


def watched(page: Page, *, seconds: float) -> dict[str, Any]:
    page.evaluate(WATCH)
    page.wait_for_timeout(seconds * 1000)
    seen: dict[str, Any] = page.evaluate("window.seen")
    return seen


def figures(seen: dict[str, Any]) -> dict[str, Any]:
    frames: list[float] = seen["frames"]
    late = [frame for frame in frames if frame > LATE_MILLISECONDS]
    return {
        "frames": len(frames),
        "median_ms": round(percentile(frames, 0.5), 1),
        "p95_ms": round(percentile(frames, 0.95), 1),
        "p99_ms": round(percentile(frames, 0.99), 1),
        "late": len(late),
        "late_share": round(len(late) / len(frames), 4),
        "long_tasks": len(seen["longTasks"]),
        "longest_task_ms": round(max(seen["longTasks"], default=0.0)),
        "layout_shift": round(seen["shift"], 4),
        "bars_moved": seen["changes"],
    }


if __name__ == "__main__":
    main(str(__doc__).split("\n", 1)[0], run)
