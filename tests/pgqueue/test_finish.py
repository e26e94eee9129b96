import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from psycopg_pool import AsyncConnectionPool

from pgqueue.database import open_pool
from pgqueue.ending import Ending
from pgqueue.job import JobState, Outcome
from pgqueue.maintenance import rescue
from pgqueue.queue import Queue
from proxy_scene import proxy_to
from queue_scene import (
    StillWorker,
    attempts,
    count,
    expire_lease,
    read_one,
    set_plan,
    still_worker,
    violations,
    wait_final,
)

pytestmark = pytest.mark.anyio

RESULTS = "select count(*) from pgqueue.results where job_id = %s"


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    async with Queue(pool) as queue:
        yield queue


@pytest.fixture
async def worker(pool: AsyncConnectionPool) -> StillWorker:
    return await still_worker(pool)


async def make_due(pool: AsyncConnectionPool, job_id: UUID) -> None:
    async with pool.connection() as connection:
        await connection.execute("update pgqueue.jobs set state = 'ready' where id = %s", (job_id,))


async def test_result_state_and_attempt_are_written_together(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker
) -> None:
    enqueued = await queue.enqueue("echo", {})
    job = await worker.claim_one()

    state = await worker.end(job, summary='{"a": 1}', preview=b"p", detail=b"d")

    result = await queue.result(enqueued.job_id)
    found = await read_one(queue, enqueued.job_id)
    assert state is JobState.COMPLETED
    assert result is not None
    assert (result.summary, result.preview, result.detail) == ({"a": 1}, b"p", b"d")
    assert (found.percent, found.summary, found.error) == (100, {"a": 1}, None)
    assert await attempts(pool, enqueued.job_id) == [(1, "completed")]


async def test_an_ending_whose_answer_was_lost_is_known_by_the_retry(
    database_url: str, queue: Queue, pool: AsyncConnectionPool, caplog: pytest.LogCaptureFixture
) -> None:
    job_id = (await queue.enqueue("echo", {})).job_id
    async with proxy_to(database_url) as proxy, open_pool(proxy.url, size=1) as cut_off:
        worker = await still_worker(cut_off)
        job = await worker.claim_one()
        running = asyncio.create_task(worker.endings.run())
        proxy.fatal = b"insert into pgqueue.attempts"
        ending = Ending(job.id, job.attempt, Outcome.COMPLETED, summary="{}", preview=b"", detail=b"")
        answer = asyncio.create_task(worker.endings.write([ending]))
        await wait_final(database_url, queue, job_id)
        assert not answer.done()
        proxy.mend(resets=True)

        async with asyncio.timeout(60):
            assert (await answer)[job_id].state is JobState.COMPLETED
        running.cancel()

    assert "lease lost" not in caplog.text
    assert await attempts(pool, job_id) == [(1, "completed")]


async def test_late_finish_after_rescue_changes_nothing(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker
) -> None:
    enqueued = await queue.enqueue("echo", {})
    late = await worker.claim_one()
    await expire_lease(pool, worker.id)
    await rescue(pool)
    other = await still_worker(pool)
    job = await other.claim_one()

    assert await worker.end(late, summary='{"late": true}') is None
    assert await other.end(job, summary='{"late": false}') is JobState.COMPLETED
    assert await worker.end(late, summary='{"late": true}') is None

    result = await queue.result(enqueued.job_id)
    assert result is not None
    assert result.summary == {"late": False}
    assert await count(pool, RESULTS, (enqueued.job_id,)) == 1
    assert await attempts(pool, enqueued.job_id) == [(1, "crashed"), (2, "completed")]


async def test_finishing_twice_changes_nothing_the_second_time(queue: Queue, worker: StillWorker) -> None:
    enqueued = await queue.enqueue("echo", {})
    job = await worker.claim_one()
    await worker.end(job)
    before = await read_one(queue, enqueued.job_id)

    assert await worker.end(job, Outcome.FAILED) is None

    assert await read_one(queue, enqueued.job_id) == before


async def test_another_worker_cannot_finish_the_run(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker
) -> None:
    await queue.enqueue("echo", {})
    job = await worker.claim_one()

    assert await (await still_worker(pool)).end(job) is None


async def test_three_retries_then_failed_with_the_last_error(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker
) -> None:
    enqueued = await queue.enqueue("echo", {})
    states = []
    for attempt in range(1, 5):
        job = await worker.claim_one()
        assert job.failures == attempt - 1
        error = {"type": "Test", "message": f"failure {attempt}", "traceback": "secret"}
        states.append(await worker.end(job, Outcome.FAILED, error=error))
        if states[-1] is JobState.SCHEDULED:
            await make_due(pool, enqueued.job_id)

    found = await read_one(queue, enqueued.job_id)
    assert states == [JobState.SCHEDULED] * 3 + [JobState.FAILED]
    assert found.error == {"type": "Test", "message": "failure 4"}
    assert await attempts(pool, enqueued.job_id) == [(n, "failed") for n in range(1, 5)]


async def test_a_retry_waits_its_delay(queue: Queue, worker: StillWorker) -> None:
    enqueued = await queue.enqueue("echo", {})
    job = await worker.claim_one()

    await worker.end(job, Outcome.FAILED, delay_seconds=2.0)

    found = await read_one(queue, enqueued.job_id)
    assert found.status == "waiting"
    assert (found.run_at - found.updated_at).total_seconds() == pytest.approx(2.0, abs=0.05)


async def test_a_permanent_error_fails_at_once(queue: Queue, worker: StillWorker) -> None:
    await queue.enqueue("echo", {})

    assert await worker.end(await worker.claim_one(), Outcome.FAILED, permanent=True) is JobState.FAILED


async def test_a_crash_gives_the_job_back_and_the_third_sets_it_aside(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker
) -> None:
    enqueued = await queue.enqueue("echo", {})

    states = [await worker.end(await worker.claim_one(), Outcome.CRASHED) for _ in range(3)]

    assert states == [JobState.READY, JobState.READY, JobState.FAILED]
    assert await count(pool, "select failures from pgqueue.jobs where id = %s", (enqueued.job_id,)) == 0


async def test_crashes_cost_no_retries(queue: Queue, pool: AsyncConnectionPool, worker: StillWorker) -> None:
    enqueued = await queue.enqueue("echo", {})
    await worker.end(await worker.claim_one(), Outcome.CRASHED)
    await worker.end(await worker.claim_one(), Outcome.CRASHED)

    for _ in range(3):
        assert await worker.end(await worker.claim_one(), Outcome.FAILED) is JobState.SCHEDULED
        await make_due(pool, enqueued.job_id)


async def test_a_release_gives_the_job_back_uncounted(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker
) -> None:
    enqueued = await queue.enqueue("echo", {})

    assert await worker.end(await worker.claim_one(), Outcome.RELEASED) is JobState.READY

    counted = "select failures + crashes from pgqueue.jobs where id = %s"
    assert await count(pool, counted, (enqueued.job_id,)) == 0
    assert (await worker.claim_one()).attempt == 2


@pytest.mark.parametrize("outcome", [Outcome.COMPLETED, Outcome.FAILED, Outcome.CRASHED, Outcome.RELEASED])
async def test_a_job_asked_to_cancel_ends_as_cancelled_whatever_its_run_did(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker, outcome: Outcome
) -> None:
    enqueued = await queue.enqueue("echo", {})
    job = await worker.claim_one()
    await queue.cancel(enqueued.job_id)

    assert await worker.end(job, outcome) is JobState.CANCELLED

    assert await count(pool, RESULTS, (enqueued.job_id,)) == 0
    assert await attempts(pool, enqueued.job_id) == [(1, "cancelled")]


async def test_one_bad_result_in_a_batch_harms_no_other(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker
) -> None:
    for _ in range(3):
        await queue.enqueue("echo", {})
    jobs = await worker.claim(3)
    summaries = ["{}", '"\\u0000"', "{}"]
    batch = [
        Ending(job.id, job.attempt, Outcome.COMPLETED, summary=summary, preview=b"", detail=b"")
        for job, summary in zip(jobs, summaries, strict=True)
    ]

    written = await worker.endings._write_batch(batch)

    assert [written[job.id].state for job in jobs] == [JobState.COMPLETED, JobState.SCHEDULED, JobState.COMPLETED]
    bad = await read_one(queue, jobs[1].id)
    assert bad.error is not None
    assert "result could not be saved" in bad.error["message"]


async def refuse(pool: AsyncConnectionPool, *, job_id: UUID) -> None:
    """As a rule of the operator's own would: nothing can be written about that job's attempts."""
    async with pool.connection() as connection:
        await connection.execute(
            "create function refuse() returns trigger language plpgsql as $$ begin"
            " raise exception 'not this one' using errcode = 'check_violation'; end $$;"
            f"create trigger refuse before insert on pgqueue.attempts for each row when (new.job_id = '{job_id}')"
            " execute function refuse()"
        )


async def accept(pool: AsyncConnectionPool) -> None:
    async with pool.connection() as connection:
        await connection.execute("drop function refuse() cascade")


async def test_an_ending_that_cannot_be_written_in_any_form_is_put_off_and_ends_nothing_else(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(4):
        await queue.enqueue("echo", {})
    jobs = await worker.claim(4)
    bad, beside, *others = [
        Ending(job.id, job.attempt, Outcome.COMPLETED, summary="{}", preview=b"", detail=b"") for job in jobs
    ]
    await refuse(pool, job_id=bad.job_id)
    writing = asyncio.create_task(worker.endings.run())
    async with asyncio.timeout(60):
        refused = asyncio.create_task(worker.endings.write([bad, beside]))
        for other in others:
            assert (await worker.endings.write([other]))[other.job_id].state is JobState.COMPLETED
        assert not refused.done()
        assert (await read_one(queue, beside.job_id)).state is JobState.COMPLETED
        await accept(pool)
        assert (await refused).keys() == {bad.job_id, beside.job_id}
    writing.cancel()

    assert "endings wait for the database" in [r.message for r in caplog.records if r.levelname == "WARNING"]
    assert len(await attempts(pool, bad.job_id)) == 1


async def test_an_orphan_that_cannot_be_written_keeps_no_other_from_its_rescue(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker
) -> None:
    for _ in range(3):
        await queue.enqueue("echo", {})
    bad, *others = await worker.claim(3)
    await expire_lease(pool, worker.id)
    await refuse(pool, job_id=bad.id)

    assert {job_id for job_id, _ in await rescue(pool)} == {job.id for job in others}
    assert list(await rescue(pool)) == []
    await accept(pool)
    assert [job_id for job_id, _ in await rescue(pool)] == [bad.id]


async def test_a_rescue_passes_over_a_user_whose_lane_is_locked_and_nobody_else(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker
) -> None:
    await set_plan(pool, concurrent=2)
    patient, other = uuid4(), uuid4()
    theirs = (await queue.enqueue("echo", {}, user_id=patient)).job_id
    free = (await queue.enqueue("echo", {}, user_id=other)).job_id
    await worker.claim(2)
    await expire_lease(pool, worker.id)

    async with asyncio.timeout(25), pool.connection() as connection, connection.transaction():
        await queue.enqueue("echo", {}, user_id=patient, connection=connection)
        assert [job_id for job_id, _ in await rescue(pool)] == [free]
    assert [job_id for job_id, _ in await rescue(pool)] == [theirs]
    assert await violations(pool) == []


async def test_rescue_leaves_the_living_alone(queue: Queue, pool: AsyncConnectionPool, worker: StillWorker) -> None:
    enqueued = await queue.enqueue("echo", {})
    job = await worker.claim_one()

    assert list(await rescue(pool)) == []

    assert await worker.end(job) is JobState.COMPLETED
    assert (await read_one(queue, enqueued.job_id)).attempt == 1


async def test_rescue_finds_orphans_of_a_worker_whose_row_is_gone(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker
) -> None:
    enqueued = await queue.enqueue("echo", {})
    await worker.claim_one()
    async with pool.connection() as connection:
        await connection.execute("delete from pgqueue.workers")

    assert list(await rescue(pool)) == [(enqueued.job_id, "backtest")]

    assert (await read_one(queue, enqueued.job_id)).status == "waiting"


async def test_a_worker_declared_dead_learns_it_and_cannot_renew(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker
) -> None:
    assert await worker.lease.renew() == []
    await expire_lease(pool, worker.id)
    await rescue(pool)

    assert await worker.lease.renew() is None

    before = worker.id
    await worker.lease.take()
    assert worker.id != before


async def test_a_lapsed_lease_that_nobody_took_can_be_renewed(pool: AsyncConnectionPool, worker: StillWorker) -> None:
    await expire_lease(pool, worker.id)

    assert await worker.lease.renew() == []


async def test_renewal_names_the_jobs_to_cancel(queue: Queue, worker: StillWorker) -> None:
    """Should the hint get lost, the lease carries it."""
    enqueued = await queue.enqueue("echo", {})
    await worker.claim_one()
    await queue.cancel(enqueued.job_id)

    assert await worker.lease.renew([enqueued.job_id]) == [enqueued.job_id]


async def test_rescue_of_a_job_asked_to_cancel_cancels_it(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker
) -> None:
    enqueued = await queue.enqueue("echo", {}, user_id=uuid4())
    await worker.claim_one()
    await queue.cancel(enqueued.job_id)
    await expire_lease(pool, worker.id)

    await rescue(pool)

    assert (await read_one(queue, enqueued.job_id)).state is JobState.CANCELLED
