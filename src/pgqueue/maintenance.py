"""What every worker does for the whole queue: rescue the jobs of dead workers, keep users' turns together."""

import asyncio
import json
import logging
from collections.abc import Callable, Collection
from random import random
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from pgqueue.ending import CRASH_LIMIT
from pgqueue.queries import sql

SWEEP_SECONDS = 1.0

WORKER_DIED = json.dumps(
    {"type": "WorkerDied", "message": "The worker stopped renewing its lease, so the run was given to another."}
)

log = logging.getLogger(__name__)


async def rescue(pool: AsyncConnectionPool) -> Collection[tuple[UUID, str]]:
    """Give back the runs of workers whose lease has lapsed; ids and queues of the jobs that changed."""
    async with pool.connection() as connection:
        cursor = await connection.execute(sql("rescue"), {"crash_limit": CRASH_LIMIT, "error": WORKER_DIED})
        rows = await cursor.fetchall()
    for job_id, attempt, queue, state, worker_id in rows:
        facts = {"job": str(job_id), "attempt": attempt, "queue": queue, "state": state, "worker": str(worker_id)}
        log.warning("job rescued from a dead worker", extra=facts)
    return [(row[0], row[2]) for row in rows]


async def advance(pool: AsyncConnectionPool) -> None:
    """Raise the floor of turns to what is being run."""
    async with pool.connection() as connection:
        await connection.execute(sql("advance"))


async def maintain(pool: AsyncConnectionPool, *, on_rescued: Callable[[UUID, str], None]) -> None:
    """Sweep until cancelled. Every worker does: whoever comes second finds nothing to do."""
    while True:
        try:
            for job_id, queue in await rescue(pool):
                on_rescued(job_id, queue)
            await advance(pool)
        except (psycopg.Error, PoolTimeout) as error:
            log.debug("sweep failed", extra={"reason": str(error)})
        # Spread, so that many workers do not sweep in step.
        await asyncio.sleep(SWEEP_SECONDS * (0.75 + random() / 2))  # noqa: S311 - jitter
