"""pgqueuer on asyncpg, its fastest driver.

It runs jobs in the worker's own event loop, deletes a job when it is done (a row of its log stays), and keeps no
result, no quota, no credits and no limit per user. Batches of 100, which it drains fastest with.
"""

import time

import asyncpg
from pgqueuer import PgQueuer
from pgqueuer.db import AsyncpgDriver
from pgqueuer.models import Job
from pgqueuer.queries import Queries
from pgqueuer.types import QueueExecutionMode

BATCH = 100


async def install(database_url: str) -> None:
    await _queries(await asyncpg.connect(database_url)).install()


async def enqueue_many(database_url: str, count: int) -> float:
    """Seconds that one call with so many jobs takes."""
    queries = _queries(await asyncpg.connect(database_url))
    began = time.perf_counter()
    ids = await queries.enqueue(["noop"] * count, [b"{}"] * count, [0] * count)
    seconds = time.perf_counter() - began
    if len(ids) != count:
        raise RuntimeError(f"pgqueuer took {len(ids)} of {count} jobs")
    return seconds


async def drain(database_url: str, count: int) -> float:
    """Seconds from the first job's start until all are run, recorded and gone."""
    connection = await asyncpg.connect(database_url)
    queue = PgQueuer(AsyncpgDriver(connection))
    starts: list[float] = []

    async def noop(_job: Job) -> None:
        starts.append(time.perf_counter())

    queue.entrypoint("noop")(noop)

    await queue.qm.run(batch_size=BATCH, mode=QueueExecutionMode.drain)
    seconds = time.perf_counter() - starts[0]
    checking = await asyncpg.connect(database_url)
    left = await checking.fetchval("select count(*) from pgqueuer")
    await checking.close()
    if len(starts) != count or left:
        raise RuntimeError(f"pgqueuer ran {len(starts)} of {count} jobs and left {left}")
    return seconds


def _queries(connection: asyncpg.Connection) -> Queries:
    return Queries(AsyncpgDriver(connection))
