"""The scene of queue tests: workers that hold a lease but run nothing, so that each transition is a test's own step."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from pgqueue.claim import claim
from pgqueue.cursor import Cursor
from pgqueue.ending import Ending, Endings
from pgqueue.job import ClaimedJob, JobSnapshot, JobState, Outcome
from pgqueue.lease import Lease
from pgqueue.queue import Queue
from pgqueue.settings import Settings
from pgqueue.watch import watch
from pgqueue.worker import Worker

QUEUE = "backtest"


@dataclass
class StillWorker:
    """Holds a lease, claims and ends jobs when told to."""

    pool: AsyncConnectionPool
    lease: Lease
    endings: Endings = field(init=False)
    cursor: Cursor = field(default_factory=lambda: Cursor(QUEUE))

    def __post_init__(self) -> None:
        self.endings = Endings(self.pool, self.lease.worker_id)

    @property
    def id(self) -> UUID:
        return self.lease.worker_id

    async def claim(self, limit: int = 1, *, is_capped: bool = False) -> list[ClaimedJob]:
        return await claim(
            self.pool, queue=QUEUE, worker_id=self.id, limit=limit, cursor=self.cursor, is_capped=is_capped
        )

    async def claim_one(self) -> ClaimedJob:
        (job,) = await self.claim(1)
        return job

    async def end(self, job: ClaimedJob, outcome: Outcome = Outcome.COMPLETED, **facts: Any) -> JobState | None:
        """End the attempt; the job's new state, or None when the lease was lost."""
        if outcome is Outcome.COMPLETED:
            facts = {"summary": "{}", "preview": b"", "detail": b""} | facts
        elif outcome in (Outcome.FAILED, Outcome.CRASHED):
            facts = {"error": {"type": "Test", "message": "on purpose"}} | facts
        written = await self.endings._write_batch([Ending(job.id, job.attempt, outcome, **facts)])
        return written[job.id].state if job.id in written else None


async def still_worker(pool: AsyncConnectionPool, *, lease_seconds: float = 60.0) -> StillWorker:
    lease = Lease(pool, queue=QUEUE, slots=2, seconds=lease_seconds)
    await lease.take()
    return StillWorker(pool, lease)


async def expire_lease(pool: AsyncConnectionPool, worker_id: UUID) -> None:
    """As if the worker had been silent for its whole lease."""
    async with pool.connection() as connection:
        await connection.execute(
            "update pgqueue.workers set lease_expires_at = clock_timestamp() - interval '1 s' where id = %s",
            (worker_id,),
        )


async def set_plan(pool: AsyncConnectionPool, tier: int | None = None, **grants: Any) -> None:
    """Change what a plan, or every plan, grants; by default nothing is limited any more."""
    chosen = {"concurrent": None, "per_day": None, "waiting": 1_000_000, "credits_per_job": 0} | grants
    async with pool.connection() as connection:
        await connection.execute(
            "update pgqueue.plans set concurrent = %(concurrent)s, per_day = %(per_day)s, waiting = %(waiting)s,"
            " credits_per_job = %(credits_per_job)s where tier = coalesce(%(tier)s, tier)",
            {"tier": tier, **chosen},
        )


async def violations(pool: AsyncConnectionPool) -> list[Any]:
    """What does not hold of the database, as its own check says."""
    async with pool.connection() as connection:
        return await (await connection.execute("select * from pgqueue.check_invariants()")).fetchall()


async def read_one(queue: Queue, job_id: UUID) -> JobSnapshot:
    (job,) = await queue.read([job_id])
    return job


async def wait_for(
    database_url: str, queue: Queue, job_id: UUID, until: Callable[[JobSnapshot], bool], *, seconds: float = 60
) -> JobSnapshot:
    """The first snapshot that satisfies `until`; fails when the job ends before, or after a generous time."""
    async with asyncio.timeout(seconds):
        async for job in watch(database_url, queue, [job_id]):
            if until(job):
                return job
    raise AssertionError(f"job {job_id} ended as {job.state} without ever being as waited for: {job}")


async def wait_final(database_url: str, queue: Queue, job_id: UUID, *, seconds: float = 60) -> JobSnapshot:
    return await wait_for(database_url, queue, job_id, lambda job: job.is_final, seconds=seconds)


@asynccontextmanager
async def running_worker(database_url: str, **settings: Any) -> AsyncIterator[Worker]:
    """A worker in this process, with real children; stopped and awaited at the end."""
    from handlers_for_tests import HANDLERS

    chosen = {"slots": 1, "drain_seconds": 30.0} | settings
    worker = Worker(HANDLERS, Settings(**chosen), database_url=database_url)
    task = asyncio.create_task(worker.run())
    started = asyncio.create_task(worker.started.wait())
    await asyncio.wait((task, started), return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        await task
    try:
        yield worker
    finally:
        # A second stop would mean: give back at once.
        if not worker._stopping.is_set():
            worker.stop()
        await task


async def attempts(pool: AsyncConnectionPool, job_id: UUID) -> list[tuple[int, str]]:
    """(attempt, outcome) of every ended attempt, in order."""
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "select attempt, outcome from pgqueue.attempts where job_id = %s order by attempt", (job_id,)
        )
        return [(row[0], row[1]) for row in await cursor.fetchall()]


async def count(pool: AsyncConnectionPool, query: Any, parameters: Sequence[Any] = ()) -> int:
    async with pool.connection() as connection:
        row = await (await connection.execute(query, parameters)).fetchone()
    assert row is not None
    return int(row[0])
