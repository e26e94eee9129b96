"""How long from the commit of a progress flush until the event that shows it is parsed by its reader?

Beside it, on the same load: asking by a plain GET every two seconds, and a server that holds one LISTEN per client.
"""

import asyncio
import time
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

from bench.caller import get
from bench.harness import Options, main, own_database, percentile, processes, say
from bench.stream_load import Running, complete, lost_finals, readers, report, running_jobs

SERVE = ["-m", "pgqueue", "serve", "--port", "0", "--json", "--no-access-log"]
NAIVE = [str(Path(__file__).parent / "peers" / "listen_per_client.py")]
POLL_SECONDS = 2.0
SETTLE_SECONDS = 2.0


def run(options: Options) -> dict[str, Any]:
    seconds = 4.0 if options.quick else 20.0
    hundred, _ = measured(options, "100 streams, 50 changes/s", SERVE, 100, 50, seconds)
    naive, _ = measured(options, "100 streams, one LISTEN each", NAIVE, 100, 50, seconds)
    polled, _ = measured(options, "100 pollers, every 2 s", SERVE, 100, 50, seconds, poll=True)
    thousand, _ = measured(options, "1,000 streams, 500 changes/s", SERVE, 1000, 500, seconds)
    return {
        "p50_ms_100": round(percentile(hundred, 0.50), 1),
        "p99_ms_100": round(percentile(hundred, 0.99), 1),
        "p50_ms_1000": round(percentile(thousand, 0.50), 1),
        "p99_ms_1000": round(percentile(thousand, 0.99), 1),
        "vs_naive_p99": round(percentile(naive, 0.99) / percentile(hundred, 0.99), 2),
        "naive_p50_ms": round(percentile(naive, 0.50), 1),
        "poll_p50_ms": round(percentile(polled, 0.50)),
        "poll_p99_ms": round(percentile(polled, 0.99)),
    }


def measured(
    options: Options,
    name: str,
    serve: list[str],
    streams: int,
    per_second: float,
    seconds: float,
    *,
    poll: bool = False,
) -> tuple[list[float], dict[str, Any]]:
    with own_database(max_connections=300) as database_url, processes(database_url, serve) as (served,):
        seen = asyncio.run(_load(database_url, served["url"], streams, per_second, seconds, poll=poll))
    ages = seen["ages_ms"]
    say(
        options,
        f"{name}: p50 {percentile(ages, 0.5):.1f} ms, p95 {percentile(ages, 0.95):.1f} ms,"
        f" p99 {percentile(ages, 0.99):.1f} ms, max {max(ages):.1f} ms; {len(ages)} events,"
        f" {1 - len(ages) / max(1, seen['steps']):.1%} of changes passed over, readers' CPU {seen['cpu_s']:.1f} s",
    )
    if seen["lost_final"]:
        raise RuntimeError(f"{name}: {seen['lost_final']} final events lost")
    return ages, seen


async def _load(
    database_url: str, url: str, streams: int, per_second: float, seconds: float, *, poll: bool
) -> dict[str, Any]:
    async with running_jobs(database_url, streams) as jobs:
        if poll:
            return await _poll(url, jobs, per_second, seconds)
        async with readers(url, [(job.events_path, job.key) for job in jobs]) as reading:
            # The first reports warm everything up and are not counted.
            await report(jobs, per_second=per_second, seconds=SETTLE_SECONDS)
            reading.measure()
            await report(jobs, per_second=per_second, seconds=seconds)
            await asyncio.sleep(SETTLE_SECONDS / 2)
            await complete(database_url, jobs)
            await asyncio.sleep(SETTLE_SECONDS)
            seen = await reading.result()
            return seen | {"lost_final": lost_finals(jobs, seen["last"], 1)}


async def _poll(url: str, jobs: list[Running], per_second: float, seconds: float) -> dict[str, Any]:
    """What a page without a stream sees: an answer every two seconds, in no step with what changes."""
    random = Random(1)
    ages: list[float] = []
    steps = [0]

    async def ask(job: Running) -> None:
        await asyncio.sleep(POLL_SECONDS * random.random())
        seq = None
        while True:
            began = time.monotonic()
            _, shown = await get(url, f"/api/backtest/queue/{job.job.id}", job.key)
            if seq is not None and shown["seq"] != seq and shown["status"] == "processing":
                at = datetime.fromisoformat(shown["updatedAt"]).timestamp()
                ages.append((time.time() - at) * 1000)
                steps[0] += shown["seq"] - seq
            seq = shown["seq"]
            await asyncio.sleep(max(0.0, began + POLL_SECONDS - time.monotonic()))

    asking = [asyncio.create_task(ask(job)) for job in jobs]
    await report(jobs, per_second=per_second, seconds=seconds + POLL_SECONDS)
    for task in asking:
        task.cancel()
    await asyncio.gather(*asking, return_exceptions=True)
    return {"ages_ms": ages, "steps": steps[0], "cpu_s": time.process_time(), "lost_final": 0}


if __name__ == "__main__":
    main(str(__doc__).split("\n", 1)[0], run)
