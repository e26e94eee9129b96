"""awa: a queue engine in Rust, here under its Python handlers.

It runs jobs in the worker's own event loop, keeps finished jobs and their attempts, has priorities and leases; it has
no results, no quota, no credits and no limit per user. A COPY fills it; as many workers as it drains fastest with here.
"""

import asyncio
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

import awa

WORKERS = 64
LOST_SECONDS = 120.0


@dataclass
class NoOp:
    number: int


async def install(database_url: str) -> None:
    async with awa.AsyncClient(_address(database_url)) as client:
        await client.migrate()
        await client.install_queue_storage()


async def enqueue_many(database_url: str, count: int) -> float:
    """Seconds that one COPY of so many jobs takes."""
    async with awa.AsyncClient(_address(database_url)) as client:
        jobs = [NoOp(number) for number in range(count)]
        began = time.perf_counter()
        taken = await client.enqueue_many_copy(jobs, queue="noop")
        seconds = time.perf_counter() - began
    if taken != count:
        raise RuntimeError(f"awa took {taken} of {count} jobs")
    return seconds


async def drain(database_url: str, count: int) -> float:
    """Seconds from the first job's start to the last one's end."""
    client = awa.AsyncClient(_address(database_url))
    times: list[float] = []
    numbers: set[int] = set()
    done = asyncio.Event()

    async def noop(job: awa.Job) -> None:
        times.append(time.perf_counter())
        numbers.add(job.args.number)
        if len(numbers) == count:
            done.set()

    client.task(NoOp, queue="noop")(noop)

    await client.start([("noop", WORKERS)])
    try:
        async with asyncio.timeout(LOST_SECONDS):
            await done.wait()
    finally:
        await client.shutdown()
        await client.close()
    if len(times) != count:
        raise RuntimeError(f"awa ran {len(times)} jobs where there were {count}")
    return times[-1] - times[0]


def _address(database_url: str) -> str:
    """Its driver takes no user before an empty host, which is how a socket is addressed."""
    parts = urlsplit(database_url)
    if parts.hostname:
        return database_url
    return f"{parts.scheme}:///{parts.path.lstrip('/')}?{parts.query}&user={parts.username or 'postgres'}"
