"""Real processes, real signals. Each test ends with: every job final exactly once, one result each."""

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import pytest
from psycopg_pool import AsyncConnectionPool

from pgqueue.job import JobState
from pgqueue.queue import Queue
from process_scene import gone
from queue_scene import attempts, count, expire_lease, wait_final, wait_for

pytestmark = pytest.mark.anyio

PROGRAM = Path(__file__).parents[1] / "worker_process.py"


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    async with Queue(pool) as queue:
        yield queue


@asynccontextmanager
async def worker_process(
    database_url: str, slots: int = 1, lease_seconds: int = 10
) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), database_url, str(slots), str(lease_seconds), stdout=asyncio.subprocess.PIPE
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


async def assert_every_job_ended_once(pool: AsyncConnectionPool, jobs: int) -> None:
    assert await count(pool, "select count(*) from pgqueue.jobs where state = 'completed'") == jobs
    assert await count(pool, "select count(*) from pgqueue.results") == jobs
    assert await count(pool, "select count(*) from pgqueue.attempts where outcome = 'completed'") == jobs


def hang(tmp_path: Path, first: float = 600.0, then: float = 0.0) -> dict[str, object]:
    """Args of a job whose first attempt hangs and whose later ones end at once."""
    return {"pid_file": str(tmp_path / "pid"), "seconds_by_attempt": {"1": first, "2": then}}


async def started(database_url: str, queue: Queue, job_id: UUID, attempt: int = 1) -> None:
    await wait_for(database_url, queue, job_id, lambda job: job.attempt == attempt and job.percent > 0)


async def wait_gone(pid: int) -> None:
    async with asyncio.timeout(30):
        while not gone(pid):  # noqa: ASYNC110 - the kernel sends no event for a process that is not our child
            await asyncio.sleep(0.02)


async def test_a_killed_childs_job_runs_again_within_a_second(
    database_url: str, queue: Queue, pool: AsyncConnectionPool, tmp_path: Path
) -> None:
    async with worker_process(database_url):
        enqueued = await queue.enqueue("hang", hang(tmp_path))
        await started(database_url, queue, enqueued.job_id)
        pid = int((tmp_path / "pid.1").read_text())

        killed = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        await wait_for(database_url, queue, enqueued.job_id, lambda job: job.attempt == 2)
        seconds = time.monotonic() - killed
        job = await wait_final(database_url, queue, enqueued.job_id)

    assert job.state is JobState.COMPLETED
    assert seconds < 1.0
    assert await attempts(pool, enqueued.job_id) == [(1, "crashed"), (2, "completed")]
    await assert_every_job_ended_once(pool, 1)


async def test_a_killed_workers_job_runs_again_within_the_lease_and_its_child_is_gone(
    database_url: str, queue: Queue, pool: AsyncConnectionPool, tmp_path: Path
) -> None:
    lease_seconds = 10
    async with worker_process(database_url, lease_seconds=lease_seconds) as first:
        enqueued = await queue.enqueue("hang", hang(tmp_path))
        await started(database_url, queue, enqueued.job_id)
        pid = int((tmp_path / "pid.1").read_text())
        async with worker_process(database_url, lease_seconds=lease_seconds):
            killed = time.monotonic()
            first.kill()
            await wait_for(database_url, queue, enqueued.job_id, lambda job: job.attempt == 2)
            seconds = time.monotonic() - killed
            await wait_gone(pid)
            job = await wait_final(database_url, queue, enqueued.job_id)

    assert job.state is JobState.COMPLETED
    assert seconds < lease_seconds + 2
    assert await attempts(pool, enqueued.job_id) == [(1, "crashed"), (2, "completed")]
    await assert_every_job_ended_once(pool, 1)


async def test_a_worker_stopped_past_its_lease_changes_nothing_when_it_goes_on(
    database_url: str, queue: Queue, pool: AsyncConnectionPool, tmp_path: Path
) -> None:
    """The zombie: another has finished the job before it wakes up and offers its own result."""
    async with worker_process(database_url, lease_seconds=3) as zombie:
        enqueued = await queue.enqueue("hang", hang(tmp_path, first=2.0))
        await started(database_url, queue, enqueued.job_id)
        zombie.send_signal(signal.SIGSTOP)
        worker_id = await worker_of(pool, enqueued.job_id)
        async with worker_process(database_url, lease_seconds=3) as other:
            await expire_lease(pool, worker_id)
            job = await wait_final(database_url, queue, enqueued.job_id)
            other.terminate()
            await other.wait()

            zombie.send_signal(signal.SIGCONT)
            # Its own later work shows that it has come to terms with what it lost.
            after = await queue.enqueue("echo", {})
            assert (await wait_final(database_url, queue, after.job_id)).state is JobState.COMPLETED

    assert (await queue.read([enqueued.job_id]))[0] == job
    assert await attempts(pool, enqueued.job_id) == [(1, "crashed"), (2, "completed")]
    await assert_every_job_ended_once(pool, 2)


async def worker_of(pool: AsyncConnectionPool, job_id: UUID) -> UUID:
    async with pool.connection() as connection:
        row = await (await connection.execute("select worker_id from pgqueue.jobs where id = %s", (job_id,))).fetchone()
    assert row is not None
    return UUID(str(row[0]))


async def test_sigterm_drains_and_exits_with_zero(database_url: str, queue: Queue, pool: AsyncConnectionPool) -> None:
    async with worker_process(database_url) as worker:
        enqueued = await queue.enqueue("steps", {"steps": 10, "seconds": 1})
        await started(database_url, queue, enqueued.job_id)

        worker.terminate()
        code = await worker.wait()

    assert code == 0
    await assert_every_job_ended_once(pool, 1)


async def test_workers_killed_again_and_again_lose_and_double_nothing(
    database_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    jobs = 40
    ids = [(await queue.enqueue("steps", {"steps": 2, "seconds": 0.1})).job_id for _ in range(jobs)]
    for _ in range(3):
        async with worker_process(database_url, slots=2, lease_seconds=1) as worker:
            already = await count(pool, "select count(*) from pgqueue.jobs where state = 'completed'")
            await started_more_than(pool, already)
            worker.kill()
    async with worker_process(database_url, slots=2, lease_seconds=1):
        for job_id in ids:
            assert (await wait_final(database_url, queue, job_id)).state is JobState.COMPLETED

    await assert_every_job_ended_once(pool, jobs)


async def started_more_than(pool: AsyncConnectionPool, completed: int) -> None:
    query = "select count(*) from pgqueue.jobs where state = 'completed'"
    async with asyncio.timeout(60):
        while await count(pool, query) <= completed + 2:  # noqa: ASYNC110 - which jobs it will be is open
            await asyncio.sleep(0.02)
