"""procrastinate on psycopg, with its default of finished jobs kept.

It runs jobs in the worker's own event loop and fetches them one by one; it has priorities, locks and its log of events,
and no results, no quota, no credits and no limit per user. Two jobs at a time, as many as our worker has slots.

Run as a program it is a worker that runs until it is told to stop, for the bench of the pickup.
"""

import asyncio
import json
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import procrastinate
import psycopg

CONCURRENCY = 2
QUEUE = "noop"


async def install(database_url: str) -> None:
    app = _app(database_url)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()


async def enqueue_many(database_url: str, count: int) -> float:
    """Seconds that one call with so many jobs takes."""
    app = _app(database_url)
    async with app.open_async():
        began = time.perf_counter()
        await app.configure_task("noop", queue=QUEUE).batch_defer_async(
            *({"number": number} for number in range(count))
        )
        return time.perf_counter() - began


@asynccontextmanager
async def opened(database_url: str) -> AsyncIterator[Callable[[], Awaitable[object]]]:
    """What enqueues one job for the worker below."""
    app = _app(database_url)
    async with app.open_async():
        yield app.configure_task("stamp", queue=QUEUE).defer_async


async def drain(database_url: str, count: int) -> float:
    """Seconds from the first job's start until all have succeeded."""
    app = _app(database_url)
    starts: list[float] = []

    async def noop(**_: int) -> None:
        starts.append(time.perf_counter())

    app.task(name="noop")(noop)

    async with app.open_async():
        await app.run_worker_async(queues=[QUEUE], concurrency=CONCURRENCY, wait=False, install_signal_handlers=False)
    seconds = time.perf_counter() - starts[0]
    with psycopg.connect(database_url) as connection:
        row = connection.execute("select count(*) from procrastinate_jobs where status = 'succeeded'").fetchone()
    if len(starts) != count or row != (count,):
        raise RuntimeError(f"procrastinate ran {len(starts)} of {count} jobs; {row} succeeded")
    return seconds


def _app(database_url: str) -> procrastinate.App:
    return procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=database_url))


async def _work(database_url: str) -> None:
    """Say {"ready": true}, then a line with the clock's nanoseconds as each job begins."""
    app = _app(database_url)

    async def stamp() -> None:
        print(time.monotonic_ns(), flush=True)

    app.task(name="stamp")(stamp)

    async with app.open_async():
        print(json.dumps({"ready": True}), flush=True)
        await app.run_worker_async(queues=[QUEUE], concurrency=CONCURRENCY)


if __name__ == "__main__":
    asyncio.run(_work(sys.argv[1]))
