"""How soon after the call that enqueues it does a job's handler begin, on an idle worker, beside procrastinate?

Ours: from the call of enqueue, through its commit, the hint, the claim and the pipe, to the first line of the handler
in the child process. procrastinate's handler runs in its worker's own event loop. Both workers have two slots, their
own process and nothing else to do; both callers wait a moment between two jobs, so that no job meets the one before.
"""

import asyncio
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

import uvloop

from bench.harness import ROOT, Options, beside, main, own_database, percentile, processes, say
from bench.peers import procrastinate
from pgqueue import Companion, Queue, open_pool

SAMPLES, QUICK_SAMPLES = 2_000, 400
WARM_UP = 20
PAUSE_SECONDS = 0.025


def run(options: Options) -> dict[str, Any]:
    samples = QUICK_SAMPLES if options.quick else SAMPLES
    with own_database() as database_url:
        with processes(database_url, [str(Path(__file__).with_name("worker.py")), "2"]):
            ours = uvloop.run(pickups(database_url, WARM_UP + samples))[WARM_UP:]
        theirs = uvloop.run(peer_pickups(beside(database_url, "procrastinate"), WARM_UP + samples))[WARM_UP:]
    for name, found in (("ours", ours), ("procrastinate", theirs)):
        spread = " ".join(f"p{share:g} {percentile(found, share / 100):.2f}" for share in (50, 90, 99, 100))
        say(options, f"{name}: {len(found)} jobs, ms: {spread}")
    return {
        "p50_ms": round(percentile(ours, 0.50), 2),
        "p99_ms": round(percentile(ours, 0.99), 2),
        "vs_procrastinate": round(percentile(ours, 0.99) / percentile(theirs, 0.99), 2),
    }


async def pickups(database_url: str, count: int) -> list[float]:
    """Milliseconds of each job; every one must have completed once."""
    async with open_pool(database_url, size=2) as pool, Queue(pool) as queue:
        began = {}
        for _ in range(count):
            at = time.monotonic_ns()
            began[(await queue.enqueue("begun", {})).job_id] = at
            await pause()
        await asyncio.sleep(1)
        jobs = await queue.read(list(began))
    if len(jobs) != count or any(job.status != "completed" or job.attempt != 1 for job in jobs):
        raise RuntimeError(f"of {count} jobs, not all {len(jobs)} completed at their first attempt")
    return [(job.summary["at"] - began[job.id]) / 1e6 for job in jobs if job.summary is not None]


async def peer_pickups(database_url: str, count: int) -> list[float]:
    await procrastinate.install(database_url)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    worker = Companion([sys.executable, "-m", "bench.peers.procrastinate", database_url], environment=environment)
    try:
        worker.answer()
        async with procrastinate.opened(database_url) as enqueue:
            found = []
            for _ in range(count):
                at = time.monotonic_ns()
                await enqueue()
                found.append((int(await asyncio.to_thread(worker.answer)) - at) / 1e6)
                await pause()
            return found
    finally:
        worker.stop()


async def pause() -> None:
    # Of no fixed length, or every job would meet the same moment of the ticks and polls.
    await asyncio.sleep(PAUSE_SECONDS * (0.5 + random.random()))


if __name__ == "__main__":
    main(str(__doc__).split("\n", 1)[0], run)
