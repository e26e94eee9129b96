"""What every worker does for the whole queue: rescue the jobs of dead workers, keep users' turns together."""

import asyncio
import json
import logging
from collections.abc import Callable, Collection
from itertools import count
from random import random
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from pgqueue.ending import CRASH_LIMIT
from pgqueue.queries import sql

SWEEP_SECONDS = 1.0
SELDOM = 5
"""What only time or bad luck asks for is looked for in every fifth sweep."""
RARELY = 60
"""What is old is removed about once a minute."""
MAX_WAIT_SECONDS = 600.0
"""Whoever has waited so long stands above all ranks: nobody starves."""

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


async def lift(pool: AsyncConnectionPool, *, queue: str, max_wait_seconds: float = MAX_WAIT_SECONDS) -> int:
    """Put jobs that have waited too long above all others; how many."""
    async with pool.connection() as connection:
        parameters = {"queue": queue, "max_wait_seconds": max_wait_seconds}
        row = await (await connection.execute(sql("lift"), parameters)).fetchone()
    return 0 if row is None else int(row[0])


async def count_waiting(pool: AsyncConnectionPool, *, queue: str) -> None:
    """Bring up to date what enqueues are held against."""
    async with pool.connection() as connection:
        await connection.execute(sql("count_waiting"), {"queue": queue})


async def admit_stragglers(pool: AsyncConnectionPool) -> None:
    """Fill free slots that a job is held back behind."""
    async with pool.connection() as connection:
        await connection.execute(sql("admit_stragglers"))


async def tally(pool: AsyncConnectionPool, *, queue: str) -> None:
    """Count what has happened since the last time; before what is old is removed."""
    async with pool.connection() as connection:
        await connection.execute(sql("tally"), {"queue": queue})


async def prune(pool: AsyncConnectionPool, *, keep_days: int, at_most: int = 1000) -> int:
    """Remove ended jobs that are older than keep_days, with their results and attempts; how many."""
    async with pool.connection() as connection:
        row = await (await connection.execute(sql("prune"), {"keep_days": keep_days, "at_most": at_most})).fetchone()
    return 0 if row is None else int(row[0])


async def maintain(
    pool: AsyncConnectionPool, *, queue: str, keep_days: int, on_rescued: Callable[[UUID, str], None]
) -> None:
    """Sweep until cancelled. Every worker does: whoever comes second finds nothing to do."""
    for sweep in count():
        try:
            for job_id, queue_of_job in await rescue(pool):
                on_rescued(job_id, queue_of_job)
            await advance(pool)
            await count_waiting(pool, queue=queue)
            if sweep % SELDOM == 0:
                await lift(pool, queue=queue)
                await admit_stragglers(pool)
            if sweep % RARELY == RARELY - 1:
                await tally(pool, queue=queue)
                await prune(pool, keep_days=keep_days)
        except (psycopg.Error, PoolTimeout) as error:
            log.debug("sweep failed", extra={"reason": str(error)})
        # Spread, so that many workers do not sweep in step.
        await asyncio.sleep(SWEEP_SECONDS * (0.75 + random() / 2))  # noqa: S311 - jitter
