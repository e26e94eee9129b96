"""What does an open event stream cost that says nothing, and how soon do a thousand readers of one job see a change?"""

import asyncio
import time
from typing import Any
from uuid import UUID

import psutil

from bench.end_to_end import make_users
from bench.harness import Options, main, own_database, percentile, processes, say
from bench.stream_load import Running, complete, lost_finals, readers, report, running_jobs

STREAMS_EACH = 1000
IDLE_STREAMS = 5000
IDLE_SECONDS = 32.0
"""Two rounds of comments, one in `--quick`: one falls due on each stream every 15 s."""
READERS, CHANGES_PER_SECOND = 1000, 10.0
SETTLE_SECONDS = 2.0
SERVE = ["-m", "pgqueue", "serve", "--port", "0", "--json", "--no-access-log"]
MANY = {"PGQUEUE_API_STREAMS_PER_USER": str(STREAMS_EACH)}
ALL = "/api/backtest/events"


def run(options: Options) -> dict[str, Any]:
    seconds = 5.0 if options.quick else 30.0
    with own_database() as database_url, processes(database_url, SERVE, **MANY) as (served,):
        watched = asyncio.run(_watch(database_url, served["url"], seconds))
    ages = watched["ages_ms"]
    passed_over = 1 - len(ages) / max(1, watched["steps"])
    say(
        options,
        f"{READERS} readers of one job, {CHANGES_PER_SECOND:g} changes/s: p50 {percentile(ages, 0.5):.1f} ms,"
        f" p99 {percentile(ages, 0.99):.1f} ms, {passed_over:.1%} passed over; what was shown was at most"
        f" {percentile(watched['gaps_ms'], 0.99):.0f} ms old when replaced (p99); API {watched['cpu']:.0%} of a core",
    )
    with own_database() as database_url, processes(database_url, SERVE, **MANY) as (served,):
        idle = asyncio.run(_idle(options, database_url, served["url"]))
    return {
        "kb_per_stream": round(idle["kb_per_stream"], 1),
        "idle_cpu_5000": round(idle["cpu"], 3),
        "p50_ms_1000_readers": round(percentile(ages, 0.50), 1),
        "p99_ms_1000_readers": round(percentile(ages, 0.99), 1),
        "conflated_share": round(passed_over, 4),
        "shown_age_p99_ms": round(percentile(watched["gaps_ms"], 0.99)),
        "lost_final": watched["lost_final"],
    }


async def _watch(database_url: str, url: str, seconds: float) -> dict[str, Any]:
    async with running_jobs(database_url, 1) as jobs:
        job: Running = jobs[0]
        async with readers(url, [(job.events_path, job.key)] * READERS) as reading:
            await report(jobs, per_second=CHANGES_PER_SECOND, seconds=SETTLE_SECONDS)
            reading.measure()
            api, began = _api(), time.monotonic()
            before = _cpu_seconds(api)
            await report(jobs, per_second=CHANGES_PER_SECOND, seconds=seconds)
            cpu = (_cpu_seconds(api) - before) / (time.monotonic() - began)
            await complete(database_url, jobs)
            await asyncio.sleep(SETTLE_SECONDS)
            seen = await reading.result()
            return seen | {"lost_final": lost_finals(jobs, seen["last"], READERS), "cpu": cpu}


async def _idle(options: Options, database_url: str, url: str) -> dict[str, float]:
    """Streams of all of a user's jobs, who has none: opened, then left alone."""
    api = _api()
    users: list[tuple[UUID, str]] = await make_users(database_url, IDLE_STREAMS // STREAMS_EACH)
    streams = [(ALL, key) for _, key in users for _ in range(STREAMS_EACH)]
    warm = streams[:100]
    async with readers(url, warm):
        pass
    await asyncio.sleep(SETTLE_SECONDS)
    bare = api.memory_full_info().pss
    cpu = kb = 0.0
    for count in (IDLE_STREAMS,) if options.quick else (1000, IDLE_STREAMS):
        async with readers(url, streams[:count]):
            await asyncio.sleep(SETTLE_SECONDS)
            began, before = time.monotonic(), _cpu_seconds(api)
            await asyncio.sleep(IDLE_SECONDS / (2 if options.quick else 1))
            cpu = (_cpu_seconds(api) - before) / (time.monotonic() - began)
            kb = (api.memory_full_info().pss - bare) / 1024 / count
            say(options, f"{count} idle streams: {kb:.1f} KB each in the API process, {cpu:.1%} of a core")
        await asyncio.sleep(SETTLE_SECONDS)
    return {"kb_per_stream": kb, "cpu": cpu}


def _api() -> psutil.Process:
    (api,) = (child for child in psutil.Process().children() if "serve" in child.cmdline())
    return api


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


if __name__ == "__main__":
    main(str(__doc__).split("\n", 1)[0], run)
