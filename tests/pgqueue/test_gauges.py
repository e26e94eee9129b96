"""Counts for dashboards: exact, monotone, cheap; every ended job is counted once, whatever is pruned."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from psycopg_pool import AsyncConnectionPool

from pgqueue.gauges import Gauges, read_gauges
from pgqueue.job import Outcome
from pgqueue.queue import Queue
from queue_scene import QUEUE, StillWorker, set_plan, still_worker

pytestmark = pytest.mark.anyio


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    await set_plan(pool)
    async with Queue(pool) as queue:
        yield queue


@pytest.fixture
async def worker(pool: AsyncConnectionPool) -> StillWorker:
    return await still_worker(pool)


async def look(pool: AsyncConnectionPool) -> Gauges:
    """Without the second that the tally stays behind: nothing here is still being committed."""
    async with pool.connection() as connection:
        await connection.execute("select pgqueue.tally(%s, '0 seconds')", (QUEUE,))
        return await read_gauges(connection, QUEUE)


async def test_a_queue_nobody_used_counts_nothing(queue: Queue, pool: AsyncConnectionPool) -> None:
    seen = await look(pool)

    assert (seen.waiting, seen.processing, seen.workers, dict(seen.counts)) == (0, 0, 0, {})
    assert seen.oldest_run_at is None
    assert seen.waits.buckets == []


async def test_every_end_is_counted_once_however_often_one_looks(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker
) -> None:
    for _ in range(5):
        await queue.enqueue("echo", {})
    await worker.end(await worker.claim_one())
    await worker.end(await worker.claim_one(), Outcome.FAILED, permanent=True)
    waiting = await queue.enqueue("echo", {}, run_at=datetime.now(UTC) + timedelta(hours=1))
    await queue.cancel(waiting.job_id)
    first = await look(pool)
    again = await look(pool)
    await worker.end(await worker.claim_one())
    later = await look(pool)

    assert first.counts == {"enqueued": 6, "completed": 1, "failed": 1, "cancelled": 1, "failures": 1}
    assert again.counts == first.counts
    assert later.counts == {**first.counts, "completed": 2}
    assert [sum(count for _, count in spread.buckets) for spread in (later.waits, later.runs)] == [3, 3]
    assert (later.ready, later.processing, later.workers, later.slots) == (2, 0, 1, 2)


async def test_what_another_transaction_has_yet_to_commit_is_counted_when_it_has(
    queue: Queue, pool: AsyncConnectionPool
) -> None:
    await queue.enqueue("echo", {})
    await look(pool)
    async with pool.connection() as slow, slow.transaction():
        await queue.enqueue("echo", {}, connection=slow)
        await queue.enqueue("echo", {})
        during = await look(pool)
    after = await look(pool)

    assert during.counts == {"enqueued": 1}, "the open transaction holds the mark back"
    assert after.counts == {"enqueued": 3}


async def test_counts_outlive_the_jobs(queue: Queue, pool: AsyncConnectionPool, worker: StillWorker) -> None:
    await queue.enqueue("echo", {})
    await worker.end(await worker.claim_one())
    before = await look(pool)
    async with pool.connection() as connection:
        await connection.execute("select pgqueue.prune('0 seconds')")

    assert (await look(pool)).counts == before.counts == {"enqueued": 1, "completed": 1}


async def test_waits_and_runs_fall_into_the_bucket_that_holds_them(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker
) -> None:
    await queue.enqueue("echo", {})
    await worker.end(await worker.claim_one())
    async with pool.connection() as connection:
        await connection.execute(
            "update pgqueue.jobs set run_at = finished_at - interval '47.5 s',"
            " started_at = finished_at - interval '2.5 s'"
        )
    seen = await look(pool)

    assert (seen.waits.buckets, seen.runs.buckets) == ([(60.0, 1)], [(2.5, 1)])
    assert [seen.waits.seconds, seen.runs.seconds] == pytest.approx([45.0, 2.5])


async def test_the_oldest_waiting_job_is_known_lifted_or_not(queue: Queue, pool: AsyncConnectionPool) -> None:
    old = await queue.enqueue("echo", {}, user_id=uuid4())
    await queue.enqueue("echo", {}, user_id=uuid4())
    async with pool.connection() as connection:
        row = await (
            await connection.execute(
                "update pgqueue.jobs set run_at = run_at - interval '1 hour' where id = %s"
                " returning extract(epoch from run_at)::float8",
                (old.job_id,),
            )
        ).fetchone()
        assert row is not None
        before = (await look(pool)).oldest_run_at
        await connection.execute("select pgqueue.lift(%s, 600)", (QUEUE,))
        after = (await look(pool)).oldest_run_at

    assert before == after == pytest.approx(row[0])


async def test_only_one_look_at_a_time_counts(queue: Queue, pool: AsyncConnectionPool) -> None:
    await queue.enqueue("echo", {})
    await look(pool)
    await queue.enqueue("echo", {})
    async with pool.connection() as other, other.transaction():
        await other.execute("select pgqueue.tally(%s, '0 seconds')", (QUEUE,))
        meanwhile = await look(pool)

    assert meanwhile.counts == {"enqueued": 1}
    assert (await look(pool)).counts == {"enqueued": 2}
