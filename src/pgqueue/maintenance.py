"""What workers do for the whole queue: rescue the jobs of dead ones, find what was left behind, lift, count, remove."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import asdict, dataclass
from random import random
from typing import Any, Self
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from pgqueue.cursor import Cursor
from pgqueue.ending import CRASH_LIMIT
from pgqueue.outage import is_away, loudness, reason
from pgqueue.queries import sql
from pgqueue.settings import Settings

SWEEP_SECONDS = 1.0
SELDOM_SECONDS = 5.0
"""How often what only time or bad luck asks for is looked for."""
RARELY_SECONDS = 60.0
"""How often what is old is removed."""
REST = 20
"""A search rests so many times as long as it took: beside a transaction open for hours it walks over everything that
became ready since, and still takes no more than a twentieth of one connection."""

WORKER_DIED = json.dumps(
    {"type": "WorkerDied", "message": "The worker stopped renewing its lease, so the run was given to another."}
)

log = logging.getLogger(__name__)


async def rescue(pool: AsyncConnectionPool) -> Collection[tuple[UUID, str]]:
    """Give back the runs of workers whose lease has lapsed; ids and queues of the jobs that changed.

    All together, or where that is refused one by one: a job that cannot be written keeps no other from its rescue.
    """
    try:
        rows = await _rescue(pool, None)
    except psycopg.Error as error:
        if is_away(error):
            raise
        log.warning("rescue refused; trying job by job", extra={"reason": reason(error)})
        rows = await _rescue_one_by_one(pool)
    for job_id, attempt, queue, state, worker_id in rows:
        facts = {"job": str(job_id), "attempt": attempt, "queue": queue, "state": state, "worker": str(worker_id)}
        log.warning("job rescued from a dead worker", extra=facts)
    return [(row[0], row[2]) for row in rows]


async def _rescue(pool: AsyncConnectionPool, job_ids: Sequence[UUID] | None) -> list[Any]:
    parameters = {
        "crash_limit": CRASH_LIMIT,
        "error": WORKER_DIED,
        "job_ids": None if job_ids is None else list(job_ids),
    }
    async with pool.connection() as connection:
        return await (await connection.execute(sql("rescue"), parameters)).fetchall()


async def _rescue_one_by_one(pool: AsyncConnectionPool) -> list[Any]:
    async with pool.connection() as connection:
        orphans = await (await connection.execute(sql("orphans"))).fetchall()
    rows = []
    for (job_id,) in orphans:
        try:
            rows += await _rescue(pool, [job_id])
        except psycopg.Error as error:
            if is_away(error):
                raise
            log.warning("job not rescued", extra={"job": str(job_id), "reason": reason(error)})
    return rows


async def leads(pool: AsyncConnectionPool, *, queue: str, worker_id: UUID) -> bool:
    """Whether this worker is the one that looks after the queue: the oldest of those alive."""
    async with pool.connection() as connection:
        parameters = {"queue": queue, "worker_id": worker_id}
        row = await (await connection.execute(sql("leads"), parameters)).fetchone()
    return row is not None and bool(row[0])


async def move_stragglers(pool: AsyncConnectionPool, *, queue: str) -> int:
    """Bring jobs that became ready behind the claims' cursor to where claims look; how many."""
    async with pool.connection() as connection:
        return (await connection.execute(sql("move_stragglers"), {"queue": queue})).rowcount


async def lift(pool: AsyncConnectionPool, *, queue: str, max_wait_seconds: float) -> int:
    """Put jobs that have waited too long above all others; how many."""
    async with pool.connection() as connection:
        parameters = {"queue": queue, "max_wait_seconds": max_wait_seconds}
        row = await (await connection.execute(sql("lift"), parameters)).fetchone()
    return 0 if row is None else int(row[0])


async def count_waiting(pool: AsyncConnectionPool, *, queue: str) -> None:
    """Bring up to date what enqueues are held against."""
    async with pool.connection() as connection:
        await connection.execute(sql("count_waiting"), {"queue": queue})


async def admit_stragglers(pool: AsyncConnectionPool, *, queue: str) -> None:
    """Fill free slots that a job is held back behind, of at most 500 users at a time."""
    async with pool.connection() as connection:
        await connection.execute(sql("admit_stragglers"), {"queue": queue})


async def tally(pool: AsyncConnectionPool, *, queue: str) -> None:
    """Count what has happened since the last time; before what is old is removed."""
    async with pool.connection() as connection:
        await connection.execute(sql("tally"), {"queue": queue})


@dataclass(frozen=True, slots=True)
class Keep:
    """Days that ended jobs, details of their results, their earlier attempts, and events are kept."""

    keep_days: int
    keep_details_days: int
    keep_attempts_days: int
    keep_events_days: int

    @classmethod
    def by(cls, settings: Settings) -> Self:
        return cls(
            keep_days=settings.keep_days,
            keep_details_days=settings.keep_details_days,
            keep_attempts_days=settings.keep_attempts_days,
            keep_events_days=settings.keep_events_days,
        )


@dataclass(frozen=True, slots=True)
class Pruned:
    """How many jobs were removed, how many others were cleared of details or attempts, how many events were removed."""

    jobs: int
    details: int
    attempts: int
    events: int


async def prune(pool: AsyncConnectionPool, keep: Keep, *, at_most: int = 1000) -> Pruned:
    """Remove what is beyond its time, at most so many of each."""
    async with pool.connection() as connection:
        row = await (await connection.execute(sql("prune"), {**asdict(keep), "at_most": at_most})).fetchone()
    assert row is not None
    return Pruned(*row)


@dataclass
class Rest:
    """When something is to be done again: after `seconds`, or after a multiple of the time that it took."""

    seconds: float
    due_at: float = 0.0

    def is_over(self) -> bool:
        return time.monotonic() >= self.due_at

    def begin(self, began: float) -> None:
        took = time.monotonic() - began
        self.due_at = began + took + max(self.seconds, REST * took)


class Maintenance:
    """The sweeps of one worker. What is to be done once for a queue is done by the oldest worker alive."""

    def __init__(
        self,
        pool: AsyncConnectionPool,
        cursor: Cursor,
        *,
        queue: str,
        worker_id: Callable[[], UUID],
        keep: Keep,
        max_wait_seconds: float,
        on_rescued: Callable[[UUID, str], None],
    ) -> None:
        self._pool = pool
        self._cursor = cursor
        self._queue = queue
        self._worker_id = worker_id
        self._keep = keep
        self._max_wait_seconds = max_wait_seconds
        self._on_rescued = on_rescued
        self._counted = Rest(SWEEP_SECONDS / 2)
        self._searched = Rest(SELDOM_SECONDS)
        self._pruned = Rest(RARELY_SECONDS, due_at=time.monotonic() + RARELY_SECONDS)

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            try:
                await self._sweep()
            except (psycopg.Error, PoolTimeout) as error:
                log.log(loudness(error), "sweep failed", extra={"reason": reason(error)})
            # Spread, so that many workers do not sweep in step.
            await asyncio.sleep(SWEEP_SECONDS * (0.75 + random() / 2))  # noqa: S311 - jitter

    async def _sweep(self) -> None:
        for job_id, queue_of_job in await rescue(self._pool):
            self._on_rescued(job_id, queue_of_job)
        await self._cursor.move(self._pool)
        await self._do(self._pruned, self._prune)
        if await leads(self._pool, queue=self._queue, worker_id=self._worker_id()):
            await self._do(self._counted, self._count)
            await self._do(self._searched, self._search)

    async def _do(self, rest: Rest, work: Callable[[], Awaitable[None]]) -> None:
        if rest.is_over():
            began = time.monotonic()
            await work()
            rest.begin(began)

    async def _count(self) -> None:
        await count_waiting(self._pool, queue=self._queue)

    async def _search(self) -> None:
        await lift(self._pool, queue=self._queue, max_wait_seconds=self._max_wait_seconds)
        await admit_stragglers(self._pool, queue=self._queue)
        await move_stragglers(self._pool, queue=self._queue)

    async def _prune(self) -> None:
        await tally(self._pool, queue=self._queue)
        await prune(self._pool, self._keep)
