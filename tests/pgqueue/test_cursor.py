"""Claims start behind what was claimed before them, and still nothing ready is ever left behind."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from pgqueue.claim import promote
from pgqueue.job import ClaimedJob, JobState, Outcome
from pgqueue.maintenance import leads, lift, move_stragglers, rescue
from pgqueue.queries import sql
from pgqueue.queue import Queue
from queue_scene import (
    QUEUE,
    StillWorker,
    count,
    expire_lease,
    running_worker,
    set_plan,
    still_worker,
    violations,
    wait_final,
)

pytestmark = pytest.mark.anyio
RANK = 26  # the free plan's, at the usual priority


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    await set_plan(pool)
    async with pool.connection() as connection:
        # Else the first enqueue makes the queue's rows, and one that stays open makes all others wait for them.
        await connection.execute(sql("ensure_queue"), {"queue": QUEUE})
    async with Queue(pool) as queue:
        yield queue


@pytest.fixture
async def worker(pool: AsyncConnectionPool) -> StillWorker:
    return await still_worker(pool)


async def pass_by(queue: Queue, worker: StillWorker, jobs: int = 20) -> None:
    """Others take so many turns, and the cursor follows them."""
    user = uuid4()
    for _ in range(jobs):
        await queue.enqueue("echo", {}, user_id=user)
    for job in await worker.claim(jobs):
        await worker.end(job)
    for _ in range(3):
        await worker.cursor.move(worker.pool)


async def test_claims_start_at_the_floor_of_a_moment_ago(queue: Queue, worker: StillWorker) -> None:
    user = uuid4()
    ids = [(await queue.enqueue("echo", {}, user_id=user)).job_id for _ in range(6)]
    await worker.claim(4)

    heads = []
    for _ in range(3):
        await worker.cursor.move(worker.pool)
        heads.append(worker.cursor.heads[RANK])

    assert heads == [0, 4, 4]
    assert [job.id for job in await worker.claim(10)] == ids[4:]


async def test_the_cursor_waits_at_a_job_that_another_claim_may_yet_give_back(
    database_url: str, queue: Queue, worker: StillWorker
) -> None:
    first = (await queue.enqueue("echo", {})).job_id
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        await connection.execute("update pgqueue.jobs set attempt = attempt where id = %s", (first,))
        await pass_by(queue, worker)
        await connection.rollback()

    assert worker.cursor.heads[RANK] == 1
    assert [job.id for job in await worker.claim(10)] == [first]


async def test_a_job_committed_long_after_it_was_enqueued_is_found_by_the_sweep(
    database_url: str, queue: Queue, worker: StillWorker
) -> None:
    async with await psycopg.AsyncConnection.connect(database_url) as connection:
        late = (await queue.enqueue("echo", {}, user_id=uuid4(), connection=connection)).job_id
        await pass_by(queue, worker)
        assert worker.cursor.heads[RANK] == 20
        await connection.commit()
    assert await worker.claim(10) == []

    assert await move_stragglers(worker.pool, queue=QUEUE) == 1

    assert [job.id for job in await worker.claim(10)] == [late]
    assert await move_stragglers(worker.pool, queue=QUEUE) == 0


async def test_a_worker_sweeps_by_itself(database_url: str, queue: Queue) -> None:
    async with (
        running_worker(database_url, poll_seconds=0.1) as worker,
        await psycopg.AsyncConnection.connect(database_url) as connection,
    ):
        late = (await queue.enqueue("echo", {}, user_id=uuid4(), connection=connection)).job_id
        other = uuid4()
        async with asyncio.timeout(60):
            while worker._cursor.heads[RANK] < 3:
                await queue.enqueue("echo", {}, user_id=other)
                await asyncio.sleep(0.1)
        await connection.commit()
        assert (await wait_final(database_url, queue, late)).state is JobState.COMPLETED


async def fail(worker: StillWorker, job: ClaimedJob) -> None:
    await worker.end(job, Outcome.FAILED, delay_seconds=0.0)
    await promote(worker.pool, queue=QUEUE)


async def release(worker: StillWorker, job: ClaimedJob) -> None:
    await worker.end(job, Outcome.RELEASED)


async def crash(worker: StillWorker, job: ClaimedJob) -> None:
    await worker.end(job, Outcome.CRASHED)


async def die(worker: StillWorker, _job: ClaimedJob) -> None:
    await expire_lease(worker.pool, worker.id)
    await rescue(worker.pool)


@pytest.mark.parametrize("user_id", [UUID(int=0), UUID(int=7)], ids=["nobody", "somebody"])
@pytest.mark.parametrize("come_back", [fail, release, crash, die])
async def test_what_becomes_ready_again_stands_where_claims_look(
    queue: Queue,
    pool: AsyncConnectionPool,
    worker: StillWorker,
    come_back: Callable[[StillWorker, ClaimedJob], Awaitable[None]],
    user_id: UUID,
) -> None:
    """A retry, a release, a crash, a rescue: each comes with a turn of long ago."""
    await queue.enqueue("echo", {}, user_id=user_id)
    old, others = await still_worker(pool), worker
    job = await old.claim_one()
    await pass_by(queue, others)
    assert others.cursor.heads[RANK] == 20

    await come_back(old, job)

    assert [again.id for again in await others.claim(10)] == [job.id]
    assert await violations(pool) == []


async def test_lifted_jobs_are_claimed_though_younger_ones_were_lifted_before(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker
) -> None:
    async def lift_one(minutes: int) -> UUID:
        job_id = (await queue.enqueue("echo", {}, user_id=uuid4())).job_id
        async with pool.connection() as connection:
            await connection.execute(
                "update pgqueue.jobs set run_at = run_at - make_interval(mins => %s) where id = %s", (minutes, job_id)
            )
        assert await lift(pool, queue=QUEUE, max_wait_seconds=600) == 1
        return job_id

    young = await lift_one(11)
    assert (await worker.claim_one()).id == young
    for _ in range(3):
        await worker.cursor.move(pool)
    assert worker.cursor.heads[0] > 0

    old = await lift_one(60)

    assert (await worker.claim_one()).id == old


async def test_a_bulk_of_changes_costs_no_more_a_job_than_a_few(queue: Queue, pool: AsyncConnectionPool) -> None:
    """The trigger's plan, made for the first row of a session, must not join fifty thousand with fifty thousand."""
    user = uuid4()
    job = await queue.enqueue("echo", {}, user_id=user)
    async with pool.connection() as connection:
        cancel = "update pgqueue.jobs set state = 'cancelled', finished_at = clock_timestamp() where "
        await connection.execute(cancel + "id = %s", (job.job_id,))
        await connection.execute(
            "insert into pgqueue.jobs (queue, kind, user_id, rank, turn, state, limited, args)"
            " select 'backtest', 'k', %s, 1, n, 'scheduled', true, '{}' from generate_series(1, 50000) as n",
            (user,),
        )
        await connection.execute("update pgqueue.lanes set parked = 50000")
        await connection.execute("set statement_timeout = '60s'")
        assert (await connection.execute(cancel + "state = 'scheduled'")).rowcount == 50_000
        await connection.execute("reset statement_timeout")
    assert await violations(pool) == []


async def test_one_living_worker_leads_a_queue(pool: AsyncConnectionPool) -> None:
    first, second = await still_worker(pool), await still_worker(pool)
    assert [await leads(pool, queue=QUEUE, worker_id=worker.id) for worker in (first, second)] == [True, False]
    await expire_lease(pool, first.id)
    assert await leads(pool, queue=QUEUE, worker_id=second.id)
    assert await count(pool, "select count(*) from pgqueue.workers where stopped_at is null") == 2
