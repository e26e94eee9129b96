"""Postgres goes away and comes back: with a server of the test's own, so that nobody else notices."""

import asyncio
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from pgqueue import EmbeddedServer, JobState, Queue, open_pool
from pgqueue.migrate import upgrade
from queue_scene import attempts, count, wait_final, wait_for

pytestmark = pytest.mark.anyio

PROGRAM = Path(__file__).parents[1] / "worker_process.py"


@pytest.fixture
def server() -> Iterator[EmbeddedServer]:
    with tempfile.TemporaryDirectory(prefix="pgqueue-test-", ignore_cleanup_errors=True) as directory:
        Path(directory).chmod(0o711)
        with EmbeddedServer(Path(directory) / "data") as server:
            upgrade(server.url)
            yield server


@asynccontextmanager
async def worker_on(server: EmbeddedServer) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(PROGRAM), server.url, "1", "10", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        assert await process.stdout.readline() == b"ready\n"
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_a_run_that_ends_while_postgres_is_away_is_saved_when_it_is_back(server: EmbeddedServer) -> None:
    """Shorter than the lease: the worker holds the result until it can be written."""
    async with worker_on(server):
        async with open_pool(server.url, size=2) as pool, Queue(pool) as queue:
            enqueued = await queue.enqueue("steps", {"steps": 10, "seconds": 1})
            await wait_for(server.url, queue, enqueued.job_id, lambda job: job.percent > 0)
        server.stop()
        # Long enough for the run to end in between.
        await asyncio.sleep(2)
        server.start()
        async with open_pool(server.url, size=2) as pool, Queue(pool) as queue:
            job = await wait_final(server.url, queue, enqueued.job_id)

            assert (job.state, job.attempt) == (JobState.COMPLETED, 1)
            assert await attempts(pool, job.id) == [(1, "completed")]
            assert await count(pool, "select count(*) from pgqueue.results") == 1


async def test_after_a_restart_of_postgres_new_jobs_run(server: EmbeddedServer) -> None:
    async with worker_on(server):
        for _ in range(3):
            server.stop()
            server.start()
            async with open_pool(server.url, size=2) as pool, Queue(pool) as queue:
                enqueued = await queue.enqueue("echo", {})
                assert (await wait_final(server.url, queue, enqueued.job_id)).state is JobState.COMPLETED


async def test_a_worker_told_to_stop_while_postgres_is_away_ends_all_the_same(server: EmbeddedServer) -> None:
    async with worker_on(server) as worker:
        server.stop()
        worker.send_signal(signal.SIGTERM)

        async with asyncio.timeout(60):
            assert await worker.wait() == 0
