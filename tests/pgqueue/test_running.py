"""What runs may do and must not: ask for later, grow, refuse to stop, leave what nobody can store."""

import asyncio
import os
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from psycopg_pool import AsyncConnectionPool

from pgqueue import Snooze, frames
from pgqueue.child import MAX_STEP_CHARS, describe
from pgqueue.executor import TERMINATE_SECONDS
from pgqueue.handlers import SnoozeRequest
from pgqueue.hints import READY
from pgqueue.job import JobSnapshot, JobState
from pgqueue.listener import Listener
from pgqueue.maintenance import rescue
from pgqueue.memory import private_bytes
from pgqueue.queue import Queue
from queue_scene import attempts, count, read_one, running_worker, set_plan, violations, wait_final, wait_for

pytestmark = pytest.mark.anyio

_fits: SnoozeRequest = Snooze(60, "the exchange is closed")


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    async with Queue(pool) as queue:
        yield queue


def failed_once(job: JobSnapshot) -> bool:
    return job.error is not None


class Told(Exception):
    def __init__(self, figures: object) -> None:
        self.figures = figures


def test_figures_of_an_error_are_kept_with_it() -> None:
    assert describe(Told({"symbol": "X", "limit": 3}))["figures"] == {"symbol": "X", "limit": 3}
    # No NUL can be stored, nor half a pair.
    assert describe(Told({"symbol": "\0\ud800"}))["figures"] == {"symbol": "?"}


@pytest.mark.parametrize(
    "figures", [None, {}, "text", {"a": [1]}, {"a": float("nan")}, {"a": 10**2000}, {"a": "x" * 2000}]
)
def test_figures_that_are_none_are_left_out(figures: object) -> None:
    assert "figures" not in describe(Told(figures))


async def test_a_run_that_asks_for_later_waits_and_spends_no_retry(
    database_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    async with running_worker(database_url):
        enqueued = await queue.enqueue("snooze", {"times": 2, "seconds": 1, "reason": "the exchange is closed"})
        waiting = await wait_for(database_url, queue, enqueued.job_id, lambda job: job.snoozes == 1)
        job = await wait_final(database_url, queue, enqueued.job_id)

    assert (waiting.status, waiting.error) == ("waiting", None)
    assert (waiting.run_at - waiting.updated_at).total_seconds() == pytest.approx(1.0, abs=0.05)
    assert (job.state, job.snoozes) == (JobState.COMPLETED, 2)
    assert await attempts(pool, enqueued.job_id) == [(1, "snoozed"), (2, "snoozed"), (3, "completed")]
    assert await count(pool, "select failures + crashes from pgqueue.jobs") == 0
    assert "the exchange is closed" in {moment.reason for moment in await queue.history(enqueued.job_id)}
    assert await violations(pool) == []


@pytest.mark.parametrize("seconds", [0, 0.9, 2_592_001, "soon", None])
async def test_a_snooze_out_of_range_is_the_handlers_permanent_error(
    database_url: str, queue: Queue, seconds: object
) -> None:
    async with running_worker(database_url):
        enqueued = await queue.enqueue("snooze", {"seconds": seconds})
        job = await wait_final(database_url, queue, enqueued.job_id)

    assert job.state is JobState.FAILED
    assert job.error is not None
    assert job.error["type"] == "SnoozeOutOfRange"
    assert "it must be 1 to 2,592,000" in job.error["message"]


async def test_a_run_over_its_memory_is_stopped_with_figures_and_harms_no_other(
    database_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    async with running_worker(database_url, slots=2, child_memory_mb=256):
        beside = await queue.enqueue("steps", {"steps": 10, "seconds": 2})
        greedy = await queue.enqueue("grow", {"megabytes": 1024, "seconds": 60})
        job = await wait_final(database_url, queue, greedy.job_id)
        assert (await wait_final(database_url, queue, beside.job_id)).state is JobState.COMPLETED
        after = await queue.enqueue("echo", {})
        assert (await wait_final(database_url, queue, after.job_id)).state is JobState.COMPLETED

    assert (job.state, job.attempt) == (JobState.FAILED, 1)
    assert job.error is not None
    assert job.error["type"] == "MemoryLimitExceeded"
    assert "MB of memory at step 'growing', its limit is 256 MB" in job.error["message"]
    assert await attempts(pool, beside.job_id) == [(1, "completed")]


async def test_a_run_in_a_child_that_others_used_before_is_tried_again(database_url: str, queue: Queue) -> None:
    async with running_worker(database_url, child_memory_mb=256):
        await wait_final(database_url, queue, (await queue.enqueue("echo", {})).job_id)
        greedy = await queue.enqueue("grow", {"megabytes": 1024, "seconds": 60})
        waiting = await wait_for(database_url, queue, greedy.job_id, failed_once)
        job = await wait_final(database_url, queue, greedy.job_id)

    assert waiting.status == "waiting"
    assert (job.state, job.attempt) == (JobState.FAILED, 2)


async def test_an_idle_child_that_kept_half_its_memory_is_replaced(database_url: str, queue: Queue) -> None:
    async with running_worker(database_url, child_memory_mb=512):
        first = await wait_final(
            database_url, queue, (await queue.enqueue("grow", {"megabytes": 320, "kept": True})).job_id
        )
        assert first.summary is not None
        pid = first.summary["pid"]
        async with asyncio.timeout(60):
            # The watch looks ten times a second; a job may come before it has.
            while pid == first.summary["pid"]:
                enqueued = await queue.enqueue("grow", {"megabytes": 1})
                job = await wait_final(database_url, queue, enqueued.job_id)
                assert job.summary is not None
                pid = job.summary["pid"]


def test_private_memory_counts_what_was_touched_and_nothing_of_a_process_that_is_gone() -> None:
    before = private_bytes(os.getpid())
    held = b"x" * (64 * 1024 * 1024)

    assert private_bytes(os.getpid()) - before == pytest.approx(len(held), rel=0.1)
    assert private_bytes(2**22 + 1) == 0


async def test_a_host_without_memory_is_a_passing_trouble(database_url: str, queue: Queue) -> None:
    async with running_worker(database_url):
        enqueued = await queue.enqueue("starved", {})
        job = await wait_for(database_url, queue, enqueued.job_id, failed_once)

    assert job.status == "waiting"
    assert job.error is not None
    assert "gave the run no more memory" in job.error["message"]


async def test_a_run_that_ignores_sigterm_is_killed_after_its_grace(
    database_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    """By the database's clock. Nothing else ends it before its time limit of 30 s; a loaded machine may be slow."""
    grace = 0.5
    async with running_worker(database_url, cancel_grace_seconds=grace):
        enqueued = await queue.enqueue("deaf", {})
        await wait_for(database_url, queue, enqueued.job_id, lambda job: job.percent > 0)
        await queue.cancel(enqueued.job_id)
        job = await wait_final(database_url, queue, enqueued.job_id)

    assert job.state is JobState.CANCELLED
    took = await count(pool, "select extract(epoch from finished_at - cancel_requested_at) * 1000 from pgqueue.jobs")
    assert (grace + TERMINATE_SECONDS) * 1000 <= took < 25_000


async def test_a_result_beyond_the_bound_fails_for_good_and_harms_no_other(
    database_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    async with running_worker(database_url):
        huge = await queue.enqueue("echo", {"detail_bytes": 64 * 1024 * 1024 + 1})
        good = await queue.enqueue("echo", {})
        job = await wait_final(database_url, queue, huge.job_id)
        assert (await wait_final(database_url, queue, good.job_id)).state is JobState.COMPLETED

    assert (job.state, job.attempt) == (JobState.FAILED, 1)
    assert job.error is not None
    assert "the limit is 67,108,864" in job.error["message"]
    assert await attempts(pool, good.job_id) == [(1, "completed")]


async def test_what_is_no_result_fails_its_job_alone(database_url: str, queue: Queue) -> None:
    async with running_worker(database_url):
        broken = await queue.enqueue("broken", {})
        good = await queue.enqueue("echo", {})
        job = await wait_for(database_url, queue, broken.job_id, failed_once)
        assert (await wait_final(database_url, queue, good.job_id)).state is JobState.COMPLETED

    assert job.error is not None
    assert "'dict' object has no attribute 'summary'" in job.error["message"]


async def test_a_drain_longer_than_the_lease_keeps_the_lease(
    database_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    """Others look for orphans all the while and find none."""
    async with running_worker(database_url, lease_seconds=2, drain_seconds=60) as worker:
        enqueued = await queue.enqueue("steps", {"steps": 100, "seconds": 6})
        await wait_for(database_url, queue, enqueued.job_id, lambda job: job.percent > 0)
        worker.stop()
        while not (await read_one(queue, enqueued.job_id)).is_final:
            assert list(await rescue(pool)) == []
            assert await count(pool, "select count(*) from pgqueue.workers where draining or stopped_at is null") == 1
            await asyncio.sleep(0.2)

    job = await read_one(queue, enqueued.job_id)
    assert job.state is JobState.COMPLETED
    assert job.finished_at is not None
    assert job.started_at is not None
    assert (job.finished_at - job.started_at).total_seconds() > 4
    assert await attempts(pool, enqueued.job_id) == [(1, "completed")]


async def test_progress_that_no_database_can_store_silences_no_neighbour(database_url: str, queue: Queue) -> None:
    async with running_worker(database_url, slots=2):
        babbler = (await queue.enqueue("babble", {"seconds": 30})).job_id
        seen = await wait_for(database_url, queue, babbler, lambda job: job.percent > 0)
        beside = (await queue.enqueue("steps", {"steps": 20, "seconds": 2})).job_id
        await wait_for(database_url, queue, beside, lambda job: 0 < job.percent < 100)
        assert (await wait_final(database_url, queue, beside)).state is JobState.COMPLETED
        await queue.cancel(babbler)
        await wait_final(database_url, queue, babbler)

    assert seen.step is not None
    assert seen.step.startswith("nul  half ? xxx")
    assert len(seen.step) == MAX_STEP_CHARS


async def test_a_child_killed_while_it_reports_ends_its_run_and_loses_no_slot(
    database_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    async with running_worker(database_url) as worker:
        job_id = (await queue.enqueue("hang", {"seconds_by_attempt": {"1": 600, "2": 0}})).job_id
        await wait_for(database_url, queue, job_id, lambda job: job.percent > 0)
        (executor,) = worker._runs.loads
        assert executor._child is not None
        # The report has arrived and is not read yet when the child is taken away.
        executor._child.reader.feed_data(frames.pack(frames.Kind.PROGRESS, b'[11, "late", null]'))
        await executor.kill()
        assert (await wait_final(database_url, queue, job_id)).state is JobState.COMPLETED

    assert await attempts(pool, job_id) == [(1, "crashed"), (2, "completed")]


async def test_what_a_worker_cannot_read_crashes_that_run_and_loses_no_slot(
    database_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    async with running_worker(database_url) as worker:
        job_id = (await queue.enqueue("hang", {"seconds_by_attempt": {"1": 600, "2": 0}})).job_id
        await wait_for(database_url, queue, job_id, lambda job: job.percent > 0)
        (executor,) = worker._runs.loads
        assert executor._child is not None
        executor._child.reader.feed_data(frames.pack(frames.Kind.PROGRESS, b"no JSON"))
        assert (await wait_final(database_url, queue, job_id)).state is JobState.COMPLETED

    assert await attempts(pool, job_id) == [(1, "crashed"), (2, "completed")]


async def test_a_job_whose_child_does_not_start_is_given_back_and_counts_no_crash(
    database_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    async with running_worker(database_url) as worker:
        (executor,) = worker._runs.loads
        bound, executor._max_bytes = executor._max_bytes, 1
        await executor.kill()
        job_id = (await queue.enqueue("echo", {})).job_id
        async with asyncio.timeout(60):
            while not worker.vitals().ailments():  # noqa: ASYNC110 - a probe polls
                await asyncio.sleep(0.01)
        assert worker.vitals().ailments() == ["no child process starts"]
        assert executor.rest_seconds > 0
        executor._max_bytes = bound
        assert (await wait_final(database_url, queue, job_id)).state is JobState.COMPLETED
        assert worker.vitals().ailments() == []

    outcomes = [outcome for _, outcome in await attempts(pool, job_id)]
    assert outcomes == ["released"] * (len(outcomes) - 1) + ["completed"]
    assert len(outcomes) >= 2
    assert await count(pool, "select crashes from pgqueue.jobs") == 0


async def test_a_limited_users_next_job_starts_when_the_last_one_ends_and_waits_for_no_poll(
    database_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    await set_plan(pool, concurrent=1)
    user = uuid4()
    async with running_worker(database_url, poll_seconds=60):
        ids = [(await queue.enqueue("echo", {"n": n}, user_id=user)).job_id for n in range(8)]
        # One poll would take longer.
        async with asyncio.timeout(50):
            for job_id in ids:
                assert (await wait_final(database_url, queue, job_id)).state is JobState.COMPLETED


async def test_the_cancel_of_a_waiting_job_tells_workers_that_its_users_next_one_is_ready(
    database_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    await set_plan(pool, concurrent=1)
    user, another_queue = uuid4(), "another"
    first, _ = [(await queue.enqueue("echo", {}, user_id=user, queue=another_queue)).job_id for _ in range(2)]
    await queue._hints.flush()
    heard: asyncio.Queue[str] = asyncio.Queue()
    connected = asyncio.Event()
    listener = Listener(
        database_url,
        (READY,),
        on_notify=lambda _channel, payload: heard.put_nowait(payload),
        on_connected=connected.set,
        on_lost=lambda: None,
    )
    listening = asyncio.create_task(listener.run())
    async with asyncio.timeout(60):
        await connected.wait()
        await queue.cancel(first)
        assert await heard.get() == another_queue
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    assert await count(pool, "select count(*) from pgqueue.jobs where state = 'ready'") == 1
