"""Processes die or stand still: children, workers, one worker after the other."""

import asyncio
import os
import signal
import time
from pathlib import Path

import pytest

from fault_scene import Load, assert_all_right, worker_process
from pgqueue.job import JobState
from process_scene import gone
from queue_scene import attempts, count, expire_lease, read_one

pytestmark = pytest.mark.anyio


def hang(tmp_path: Path, first: float = 600.0, then: float = 0.0) -> dict[str, object]:
    """Args of a job whose first attempt hangs and whose later ones end at once."""
    return {"pid_file": str(tmp_path / "pid"), "seconds_by_attempt": {"1": first, "2": then}}


async def wait_gone(pid: int) -> None:
    async with asyncio.timeout(30):
        while not gone(pid):  # noqa: ASYNC110 - the kernel sends no event for a process that is not our child
            await asyncio.sleep(0.02)


async def test_a_killed_childs_job_runs_again_within_a_second(load: Load, tmp_path: Path) -> None:
    async with worker_process(load.database_url):
        job_id = await load.press("hang", hang(tmp_path))
        await load.started(job_id)
        pid = int((tmp_path / "pid.1").read_text())

        killed = time.monotonic()
        os.kill(pid, signal.SIGKILL)
        await load.claimed(job_id, attempt=2)
        seconds = time.monotonic() - killed
        await load.ended(job_id)

    assert seconds < 1.0
    assert await attempts(load.pool, job_id) == [(1, "crashed"), (2, "completed")]
    await assert_all_right(load)


async def test_a_killed_workers_job_runs_again_within_the_lease_and_its_child_is_gone(
    load: Load, tmp_path: Path
) -> None:
    lease_seconds = 10
    async with worker_process(load.database_url, lease_seconds=lease_seconds) as first:
        job_id = await load.press("hang", hang(tmp_path))
        await load.started(job_id)
        pid = int((tmp_path / "pid.1").read_text())
        async with worker_process(load.database_url, lease_seconds=lease_seconds):
            killed = time.monotonic()
            first.kill()
            await load.claimed(job_id, attempt=2)
            seconds = time.monotonic() - killed
            await wait_gone(pid)
            await load.ended(job_id)

    assert seconds < lease_seconds + 2
    assert await attempts(load.pool, job_id) == [(1, "crashed"), (2, "completed")]
    await assert_all_right(load)


async def test_a_worker_stopped_past_its_lease_changes_nothing_when_it_goes_on(load: Load, tmp_path: Path) -> None:
    """The zombie: another has finished the job before it wakes up and offers its own result."""
    async with worker_process(load.database_url, lease_seconds=3) as zombie:
        job_id = await load.press("hang", hang(tmp_path, first=2.0))
        await load.started(job_id)
        zombie.send_signal(signal.SIGSTOP)
        async with worker_process(load.database_url, lease_seconds=3) as other:
            for worker in await load.queue.workers():
                if worker["pid"] == zombie.pid:
                    await expire_lease(load.pool, worker["id"])
            job = await load.ended(job_id)
            other.terminate()
            await other.wait()

            zombie.send_signal(signal.SIGCONT)
            # Its own later work shows that it has come to terms with what it lost.
            after = await load.press("echo", {})
            assert (await load.ended(after)).state is JobState.COMPLETED

    assert await read_one(load.queue, job_id) == job
    assert await attempts(load.pool, job_id) == [(1, "crashed"), (2, "completed")]
    await assert_all_right(load)


async def test_sigterm_drains_and_exits_with_zero(load: Load) -> None:
    async with worker_process(load.database_url) as worker:
        job_id = await load.press("steps", {"steps": 10, "seconds": 1})
        await load.started(job_id)

        worker.terminate()
        code = await worker.wait()

    assert code == 0
    assert await attempts(load.pool, job_id) == [(1, "completed")]
    await assert_all_right(load)


async def test_workers_killed_again_and_again_lose_and_double_nothing(load: Load) -> None:
    await load.press_often(30)
    for _ in range(3):
        async with worker_process(load.database_url, slots=2, lease_seconds=1) as worker:
            await load.more_completed()
            worker.kill()
    async with worker_process(load.database_url, slots=2, lease_seconds=1):
        await assert_all_right(load)


@pytest.mark.faults
async def test_a_worker_killed_every_second_for_twenty_loses_and_doubles_nothing(load: Load) -> None:
    """Whoever looks after it starts it again each time."""
    until = time.monotonic() + 20
    async with load.flowing():
        while time.monotonic() < until:
            async with worker_process(load.database_url, slots=3, lease_seconds=1) as worker:
                await asyncio.sleep(1)
                worker.kill()
    async with worker_process(load.database_url, slots=3, lease_seconds=1):
        await assert_all_right(load)
    assert await count(load.pool, "select count(*) from pgqueue.attempts where outcome = 'crashed'") > 0
