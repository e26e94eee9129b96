"""The scene of fault tests: users who pay for their runs, processes to hurt, and how it must all have ended."""

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from pgqueue.accounts import grant
from pgqueue.database import open_pool
from pgqueue.ending import CRASH_LIMIT
from pgqueue.job import JobSnapshot
from pgqueue.queue import Queue
from queue_scene import count, set_plan, violations, wait_final, wait_for

PROGRAM = Path(__file__).with_name("worker_process.py")
AWAY = (psycopg.Error, PoolTimeout, TimeoutError)
GRANTED = 1_000_000
PATIENCE_SECONDS = 120
"""Far beyond what anything here takes: machines that run tests are busy."""


@dataclass(frozen=True, slots=True)
class Plan:
    concurrent: int
    credits_per_job: int


PLANS = (Plan(1, 1), Plan(2, 2), Plan(4, 3))


@dataclass
class Load:
    """Two users of every plan, who press run again, with the same key, until they are told that it is in."""

    database_url: str
    pool: AsyncConnectionPool
    queue: Queue
    tiers: dict[UUID, int] = field(default_factory=lambda: {uuid4(): tier for tier in range(3) for _ in range(2)})
    job_ids: list[UUID] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._turns = cycle(self.tiers)

    async def settle_in(self) -> None:
        for tier, plan in enumerate(PLANS):
            await set_plan(self.pool, tier, concurrent=plan.concurrent, credits_per_job=plan.credits_per_job)
        async with self.pool.connection() as connection:
            for user in self.tiers:
                await grant(connection, user, GRANTED)

    async def press(self, kind: str, args: Mapping[str, Any], *, user: UUID | None = None) -> UUID:
        """One job more, of that user or of whose turn it is."""
        user = user or next(self._turns)
        key = str(uuid4())
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                try:
                    enqueued = await self.queue.enqueue(
                        kind, args, user_id=user, tier=self.tiers[user], idempotency_key=key
                    )
                except AWAY:
                    await asyncio.sleep(0.05)
                else:
                    self.job_ids.append(enqueued.job_id)
                    return enqueued.job_id

    async def press_often(self, jobs: int, *, seconds: float = 0.1) -> None:
        """So many jobs of so many seconds."""
        for _ in range(jobs):
            await self.press("steps", {"steps": 2, "seconds": seconds})

    @asynccontextmanager
    async def flowing(self, *, seconds: float = 0.1) -> AsyncIterator[None]:
        """Ten jobs a second while inside."""
        leaving = asyncio.Event()

        async def flow() -> None:
            while not leaving.is_set():
                await self.press_often(1, seconds=seconds)
                await asyncio.sleep(0.1)

        task = asyncio.create_task(flow())
        try:
            yield
        finally:
            leaving.set()
            await task

    async def claimed(self, job_id: UUID, *, attempt: int) -> None:
        await wait_for(self.database_url, self.queue, job_id, lambda job: job.attempt == attempt)

    async def started(self, job_id: UUID) -> None:
        """Wait until its first attempt has reported something."""
        await wait_for(self.database_url, self.queue, job_id, lambda job: job.attempt == 1 and job.percent > 0)

    async def ended(self, job_id: UUID) -> JobSnapshot:
        return await wait_final(self.database_url, self.queue, job_id, seconds=PATIENCE_SECONDS)

    async def more_completed(self, jobs: int = 3) -> None:
        """Wait until so many jobs more have completed than by now."""
        before = await self._ask("select count(*) from pgqueue.jobs where state = 'completed'")
        await self._until(
            "select (count(*) >= %s)::int from pgqueue.jobs where state = 'completed'", (before + jobs,), 1
        )

    async def all_ended(self) -> None:
        await self._until("select count(*) from pgqueue.jobs where finished_at is null", (), 0)

    async def _until(self, query: str, parameters: Sequence[Any], wanted: int) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self._ask(query, parameters) != wanted:  # noqa: ASYNC110 - which jobs it will be is open
                await asyncio.sleep(0.05)

    async def _ask(self, query: str, parameters: Sequence[Any] = ()) -> int:
        while True:
            try:
                return await count(self.pool, query, parameters)
            except AWAY:
                await asyncio.sleep(0.05)


@asynccontextmanager
async def load_on(database_url: str) -> AsyncIterator[Load]:
    """Users and their connections, on a database of whatever server."""
    async with open_pool(database_url, size=4, application_name="test") as pool, Queue(pool) as queue:
        load = Load(database_url, pool, queue)
        await load.settle_in()
        yield load


@asynccontextmanager
async def worker_process(
    database_url: str,
    slots: int = 1,
    lease_seconds: int = 10,
    *,
    environment: Mapping[str, str] | None = None,
) -> AsyncIterator[asyncio.subprocess.Process]:
    """A worker that claims jobs by now; killed at the end unless it has ended."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(PROGRAM),
        database_url,
        str(slots),
        str(lease_seconds),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **(environment or {})},
    )
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"ready\n"
        yield process
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGCONT)
            process.kill()
        await process.wait()


async def assert_all_right(load: Load, *, failed: Sequence[UUID] = ()) -> None:
    """Every job final exactly once, one result each, limits kept, the ledger right, nothing that does not hold.

    failed: the jobs that must have failed. Others completed, or were set aside after so many crashes.
    """
    await load.all_ended()
    assert await violations(load.pool) == []
    jobs = {job[0]: job for job in await _rows(load, ENDS)}
    assert sorted(jobs) == sorted(load.job_ids)
    for job_id, state, crashes, completed, results, paid in jobs.values():
        if job_id in failed or crashes >= CRASH_LIMIT:
            assert (state, completed, results, paid) == ("failed", 0, 0, 0), job_id
        else:
            assert (state, completed, results, paid) == ("completed", 1, 1, 1), job_id
    spent = Counter[UUID]()
    for user, credits_per_job in await _rows(load, PAYMENTS):
        spent[user] += credits_per_job
    assert dict(await _rows(load, BALANCES)) == {user: GRANTED - spent[user] for user in load.tiers}
    for user, at_once in await _rows(load, MOST_AT_ONCE):
        assert at_once <= PLANS[load.tiers[user]].concurrent, user


ENDS = """
select id, state, crashes,
       (select count(*) from pgqueue.attempts where job_id = jobs.id and outcome = 'completed'),
       (select count(*) from pgqueue.results where job_id = jobs.id),
       (select count(*) from pgqueue.ledger where job_id = jobs.id and entry = 'taken')
  from pgqueue.jobs
"""
PAYMENTS = "select user_id, credits from pgqueue.jobs where state = 'completed'"
BALANCES = "select user_id, available from pgqueue.accounts where held = 0"
# An attempt lasts from its claim to its end in the books, whichever worker wrote that.
MOST_AT_ONCE = """
with edges as (
  select user_id, attempts.started_at as at, 1 as step
    from pgqueue.attempts join pgqueue.jobs on jobs.id = job_id
  union all
  select user_id, attempts.finished_at, -1
    from pgqueue.attempts join pgqueue.jobs on jobs.id = job_id
),
running as (
  select user_id, sum(step) over (partition by user_id order by at, step) as at_once from edges
)
select user_id, max(at_once) from running group by user_id
"""


async def _rows(load: Load, query: Any) -> list[Any]:
    async with load.pool.connection() as connection:
        return await (await connection.execute(query)).fetchall()
