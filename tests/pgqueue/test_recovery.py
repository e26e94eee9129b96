"""What a worker does about answers that never came, and about a database that does not let it back at once."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from psycopg_pool import AsyncConnectionPool

from pgqueue.job import JobState
from pgqueue.queue import Queue
from queue_scene import StillWorker, attempts, count, running_worker, set_plan, violations, wait_final, wait_for

pytestmark = pytest.mark.anyio


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    async with Queue(pool) as queue:
        yield queue


async def test_a_job_whose_claim_was_never_answered_is_given_back_and_runs(
    database_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    """The connection broke between the claim's commit and its answer: the worker is alive and does not know."""
    async with running_worker(database_url) as worker:
        busy = (await queue.enqueue("steps", {"steps": 2, "seconds": 1})).job_id
        await wait_for(database_url, queue, busy, lambda job: job.attempt == 1)
        stray = (await queue.enqueue("echo", {})).job_id
        assert [job.id for job in await StillWorker(pool, worker._lease).claim(1)] == [stray]

        assert (await wait_final(database_url, queue, stray)).state is JobState.COMPLETED
        assert (await wait_final(database_url, queue, busy)).attempt == 1
    assert await attempts(pool, stray) == [(1, "released"), (2, "completed")]
    assert await violations(pool) == []


async def test_a_worker_declared_dead_comes_back_once_the_database_lets_it(
    database_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    async with running_worker(database_url, lease_seconds=1.0) as worker:
        dead = worker.id
        async with pool.connection() as connection:
            await connection.execute(
                "create function refuse() returns trigger language plpgsql as $$ begin raise 'not now'; end $$;"
                "create trigger refuse before insert on pgqueue.workers for each row execute function refuse();"
                "update pgqueue.workers set stopped_at = clock_timestamp(), lease_expires_at = clock_timestamp()"
            )
        async with asyncio.timeout(30):
            while worker.id == dead:  # noqa: ASYNC110 - the worker tells nobody
                await asyncio.sleep(0.05)
        async with pool.connection() as connection:
            await connection.execute("drop function refuse() cascade")
        job_id = (await queue.enqueue("echo", {})).job_id
        assert (await wait_final(database_url, queue, job_id)).state is JobState.COMPLETED


async def test_a_user_whose_lane_is_locked_keeps_no_other_waiting(
    database_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    """As when a caller enqueues in a transaction of its own and leaves that open: its user's lane is locked."""
    await set_plan(pool)
    patient, other = uuid4(), uuid4()
    async with running_worker(database_url, slots=2):
        running = (await queue.enqueue("steps", {"steps": 2, "seconds": 1}, user_id=patient)).job_id
        await wait_for(database_url, queue, running, lambda job: job.attempt == 1)
        soon = datetime.now(UTC) + timedelta(seconds=1)
        delayed = (await queue.enqueue("echo", {}, user_id=patient, run_at=soon)).job_id
        # Far less than a statement may take.
        async with asyncio.timeout(25), pool.connection() as connection, connection.transaction():
            await queue.enqueue("echo", {}, user_id=patient, connection=connection)
            for _ in range(8):
                job_id = (await queue.enqueue("steps", {"steps": 1, "seconds": 0.5}, user_id=other)).job_id
                assert (await wait_final(database_url, queue, job_id)).state is JobState.COMPLETED
            assert await count(pool, "select count(*) from pgqueue.jobs where state = 'processing'") == 1
        assert (await wait_final(database_url, queue, running)).state is JobState.COMPLETED
        assert (await wait_final(database_url, queue, delayed)).state is JobState.COMPLETED
    assert await attempts(pool, running) == [(1, "completed")]
    assert await violations(pool) == []
