"""A real worker with real children."""

import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from pgqueue.job import JobState
from pgqueue.maintenance import rescue
from pgqueue.queue import Queue
from process_scene import gone
from queue_scene import attempts, count, expire_lease, read_one, running_worker, wait_final, wait_for

pytestmark = pytest.mark.anyio


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    async with Queue(pool) as queue:
        yield queue


async def test_a_job_runs_in_a_child_and_its_result_is_stored(database_url: str, queue: Queue) -> None:
    async with running_worker(database_url):
        enqueued = await queue.enqueue("echo", {"a": 1})
        job = await wait_final(database_url, queue, enqueued.job_id)

    result = await queue.result(enqueued.job_id)
    assert job.state is JobState.COMPLETED
    assert result is not None
    assert (result.summary, result.preview, result.detail) == ({"echo": {"a": 1}}, b"p", b"d")


async def test_jobs_enqueued_before_the_worker_started_run_too(database_url: str, queue: Queue) -> None:
    ids = [(await queue.enqueue("echo", {"n": n})).job_id for n in range(20)]
    async with running_worker(database_url, slots=2):
        for job_id in ids:
            assert (await wait_final(database_url, queue, job_id)).state is JobState.COMPLETED


async def test_progress_is_seen_while_the_job_runs(database_url: str, queue: Queue) -> None:
    async with running_worker(database_url, progress_seconds=0.01):
        enqueued = await queue.enqueue("steps", {"steps": 50, "seconds": 2})

        seen = await wait_for(database_url, queue, enqueued.job_id, lambda job: 0 < job.percent < 100)
        final = await wait_final(database_url, queue, enqueued.job_id)

    assert (seen.status, seen.step) == ("processing", "stepping")
    assert (final.status, final.percent) == ("completed", 100)


async def test_a_result_of_many_megabytes_arrives_whole(database_url: str, queue: Queue) -> None:
    size = 20 * 1024 * 1024
    async with running_worker(database_url):
        enqueued = await queue.enqueue("echo", {"detail_bytes": size})
        await wait_final(database_url, queue, enqueued.job_id)

    result = await queue.result(enqueued.job_id)
    assert result is not None
    assert len(result.detail) == size


async def test_a_failing_job_is_retried_and_then_completes(
    database_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    async with running_worker(database_url):
        enqueued = await queue.enqueue("fail", {"times": 1})
        waiting = await wait_for(database_url, queue, enqueued.job_id, lambda job: job.error is not None)
        job = await wait_final(database_url, queue, enqueued.job_id)

    assert waiting.status == "waiting"
    assert 1.5 < (waiting.run_at - waiting.updated_at).total_seconds() < 2.5
    assert job.state is JobState.COMPLETED
    assert await attempts(pool, enqueued.job_id) == [(1, "failed"), (2, "completed")]


async def test_a_permanent_error_fails_at_once_in_its_own_words(database_url: str, queue: Queue) -> None:
    async with running_worker(database_url):
        enqueued = await queue.enqueue("fail", {"permanent": True})
        job = await wait_final(database_url, queue, enqueued.job_id)

    assert (job.state, job.attempt) == (JobState.FAILED, 1)
    assert job.error == {"type": "Hopeless", "message": "The input can never work. Give another."}


async def test_an_unknown_kind_is_retried_for_a_worker_that_knows_it_may_be_on_its_way(
    database_url: str, queue: Queue
) -> None:
    async with running_worker(database_url):
        enqueued = await queue.enqueue("eco", {})
        job = await wait_for(database_url, queue, enqueued.job_id, lambda job: job.error is not None)

    assert job.status == "waiting"
    assert job.error is not None
    assert "no handler for kind 'eco'; did you mean 'echo'?" in job.error["message"]


async def test_a_result_postgres_cannot_store_fails_the_job_and_not_the_worker(database_url: str, queue: Queue) -> None:
    async with running_worker(database_url):
        bad = await queue.enqueue("garbage", {})
        good = await queue.enqueue("echo", {})

        job = await wait_for(database_url, queue, bad.job_id, lambda job: job.error is not None)
        assert (await wait_final(database_url, queue, good.job_id)).state is JobState.COMPLETED

    assert job.error is not None
    assert "could not be saved" in job.error["message"]


async def test_a_killed_child_is_replaced_and_its_job_runs_again(
    database_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    async with running_worker(database_url):
        enqueued = await queue.enqueue("crash", {"times": 1})
        job = await wait_final(database_url, queue, enqueued.job_id)

    assert job.state is JobState.COMPLETED
    assert await attempts(pool, enqueued.job_id) == [(1, "crashed"), (2, "completed")]


async def test_the_third_crash_sets_the_job_aside_with_signal_and_step(database_url: str, queue: Queue) -> None:
    async with running_worker(database_url):
        enqueued = await queue.enqueue("crash", {})
        job = await wait_final(database_url, queue, enqueued.job_id)

    assert (job.state, job.attempt) == (JobState.FAILED, 3)
    assert job.error is not None
    assert job.error["message"] == "The child process was killed by SIGKILL at step 'crashing'."


async def test_a_run_over_its_time_limit_is_stopped_and_retried(database_url: str, queue: Queue) -> None:
    async with running_worker(database_url):
        enqueued = await queue.enqueue("brief", {"seconds_by_attempt": {"1": 600, "2": 0}})
        waiting = await wait_for(database_url, queue, enqueued.job_id, lambda job: job.error is not None)
        job = await wait_final(database_url, queue, enqueued.job_id)

    assert waiting.error is not None
    assert waiting.error["message"] == "The run took longer than its limit of 0.1 s at step 'hanging'."
    assert job.state is JobState.COMPLETED


async def test_cancel_stops_a_job_that_listens(database_url: str, queue: Queue, pool: AsyncConnectionPool) -> None:
    async with running_worker(database_url, cancel_grace_seconds=60):
        enqueued = await queue.enqueue("steps", {"steps": 1000, "seconds": 60})
        await wait_for(database_url, queue, enqueued.job_id, lambda job: job.percent > 0)

        await queue.cancel(enqueued.job_id)
        job = await wait_final(database_url, queue, enqueued.job_id, seconds=30)

    assert job.state is JobState.CANCELLED
    assert await attempts(pool, enqueued.job_id) == [(1, "cancelled")]


async def test_cancel_stops_a_job_that_does_not_listen(database_url: str, queue: Queue) -> None:
    async with running_worker(database_url, cancel_grace_seconds=0.1):
        enqueued = await queue.enqueue("hang", {})
        await wait_for(database_url, queue, enqueued.job_id, lambda job: job.percent > 0)

        await queue.cancel(enqueued.job_id)
        job = await wait_final(database_url, queue, enqueued.job_id)

        after = await queue.enqueue("echo", {})
        assert (await wait_final(database_url, queue, after.job_id)).state is JobState.COMPLETED
    assert job.state is JobState.CANCELLED


async def test_stop_lets_running_jobs_finish_and_claims_nothing_more(database_url: str, queue: Queue) -> None:
    async with running_worker(database_url) as worker:
        running = await queue.enqueue("steps", {"steps": 20, "seconds": 1})
        await wait_for(database_url, queue, running.job_id, lambda job: job.percent > 0)
        waiting = await queue.enqueue("echo", {})
        worker.stop()

    assert (await read_one(queue, running.job_id)).state is JobState.COMPLETED
    assert (await read_one(queue, waiting.job_id)).state is JobState.READY
    assert (await queue.stats()).workers == 0


async def test_a_drain_that_takes_too_long_gives_jobs_back_uncounted(
    database_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    async with running_worker(database_url, drain_seconds=0.2) as worker:
        enqueued = await queue.enqueue("hang", {})
        await wait_for(database_url, queue, enqueued.job_id, lambda job: job.percent > 0)
        worker.stop()

    job = await read_one(queue, enqueued.job_id)
    assert (job.state, job.error) == (JobState.READY, None)
    assert await attempts(pool, enqueued.job_id) == [(1, "released")]


async def test_a_second_stop_gives_back_at_once(database_url: str, queue: Queue) -> None:
    async with running_worker(database_url, drain_seconds=600) as worker:
        enqueued = await queue.enqueue("hang", {})
        await wait_for(database_url, queue, enqueued.job_id, lambda job: job.percent > 0)
        worker.stop()
        worker.stop()

    assert (await read_one(queue, enqueued.job_id)).state is JobState.READY


async def test_a_worker_declared_dead_drops_its_runs_and_starts_anew(
    database_url: str, queue: Queue, pool: AsyncConnectionPool, tmp_path: Path
) -> None:
    async with running_worker(database_url, lease_seconds=3) as worker:
        first_id = worker._lease.worker_id
        enqueued = await queue.enqueue(
            "hang", {"pid_file": str(tmp_path / "pid"), "seconds_by_attempt": {"1": 600, "2": 0}}
        )
        await wait_for(database_url, queue, enqueued.job_id, lambda job: job.percent > 0)

        await expire_lease(pool, first_id)
        await rescue(pool)
        job = await wait_final(database_url, queue, enqueued.job_id)

        assert worker._lease.worker_id != first_id
    assert job.state is JobState.COMPLETED
    assert await attempts(pool, enqueued.job_id) == [(1, "crashed"), (2, "completed")]
    assert gone(int((tmp_path / "pid.1").read_text()))


async def test_a_child_is_recycled_after_its_share_of_jobs(database_url: str, queue: Queue, tmp_path: Path) -> None:
    pids = []
    async with running_worker(database_url, child_max_jobs=2):
        for n in range(4):
            enqueued = await queue.enqueue("hang", {"pid_file": str(tmp_path / str(n)), "seconds": 0})
            await wait_final(database_url, queue, enqueued.job_id)
            pids.append((tmp_path / f"{n}.1").read_text())

    assert pids[0] == pids[1]
    assert pids[2] == pids[3]
    assert pids[1] != pids[2]


async def test_the_worker_outlives_every_connection_it_had(
    database_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    async with running_worker(database_url):
        enqueued = await queue.enqueue("steps", {"steps": 20, "seconds": 2})
        await wait_for(database_url, queue, enqueued.job_id, lambda job: job.percent > 0)
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name like 'pgqueue%' and datname = current_database()"
            )
        job = await wait_final(database_url, queue, enqueued.job_id)
        after = await queue.enqueue("echo", {})
        assert (await wait_final(database_url, queue, after.job_id)).state is JobState.COMPLETED

    assert (job.state, job.attempt) == (JobState.COMPLETED, 1)


async def test_no_child_outlives_the_worker(database_url: str, queue: Queue, tmp_path: Path) -> None:
    async with running_worker(database_url):
        enqueued = await queue.enqueue("hang", {"pid_file": str(tmp_path / "pid"), "seconds": 0})
        await wait_final(database_url, queue, enqueued.job_id)

    assert gone(int((tmp_path / "pid.1").read_text()))


async def test_results_are_one_per_job_however_often_children_die(
    database_url: str, queue: Queue, pool: AsyncConnectionPool, tmp_path: Path
) -> None:
    async with running_worker(database_url, slots=2):
        ids = [
            (
                await queue.enqueue(
                    "hang", {"pid_file": str(tmp_path / str(n)), "seconds_by_attempt": {"1": 600, "2": 0}}
                )
            ).job_id
            for n in range(4)
        ]
        for n, job_id in enumerate(ids):
            await wait_for(database_url, queue, job_id, lambda job: job.percent > 0)
            os.kill(int((tmp_path / f"{n}.1").read_text()), signal.SIGKILL)
        for job_id in ids:
            assert (await wait_final(database_url, queue, job_id)).state is JobState.COMPLETED

    assert await count(pool, "select count(*) from pgqueue.results") == 4
    for job_id in ids:
        assert await attempts(pool, job_id) == [(1, "crashed"), (2, "completed")]


def test_a_handler_that_cannot_be_warmed_ends_the_worker_with_a_sentence(database_url: str) -> None:
    """In a process of its own: a forkserver is made once per process."""
    program = (
        "import asyncio, sys\n"
        "from unwarmable_handler import Unwarmable\n"
        "from pgqueue import Settings\n"
        "from pgqueue.worker import Worker\n"
        "worker = Worker({'x': Unwarmable()}, Settings(slots=1), database_url=sys.argv[1])\n"
        "asyncio.run(worker.run())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, database_url],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[1])},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )

    assert done.returncode == 1
    assert "could not be warmed: the kernels cannot be compiled here" in done.stderr
