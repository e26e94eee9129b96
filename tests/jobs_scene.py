"""Jobs for an operator to find: added, and brought where a test needs them; no worker serves the database."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from page_scene import Site, serve
from pgqueue import Outcome, Queue
from pgqueue.database import open_pool
from queue_scene import StillWorker, set_plan, still_worker


@dataclass(frozen=True)
class Jobs:
    """What a test does beside the page. Nothing is limited. Methods give ids."""

    site: Site

    def add(
        self, count: int = 1, *, user: UUID | None = None, kind: str = "backtest", queue: str | None = None,
        tier: int | None = None, priority: int = 5, run_at: datetime | None = None, **args: Any,
    ) -> list[str]:  # fmt: skip
        """Jobs of one user, the first of them first."""
        asked = {"symbol": "AAPL", "strategy": {"name": "SMA crossover"}} | args

        async def add(worker: StillWorker, jobs: Queue) -> list[str]:
            ids = await jobs.enqueue_many(
                kind, [asked] * count, queue=queue, user_id=user or uuid4(), tier=tier, priority=priority, run_at=run_at
            )
            return [str(job_id) for job_id in ids]

        return list(self._do(add))

    def end(self, count: int = 1, message: str | None = None) -> list[str]:
        """The jobs that a worker takes first, in that order: completed, or failed for good with that message."""

        async def end(worker: StillWorker, jobs: Queue) -> list[str]:
            ended = await worker.claim(count)
            for job in ended:
                if message is None:
                    await worker.end(job)
                else:
                    error = {"type": "Broken", "message": message, "traceback": f"Traceback\n  {message}"}
                    await worker.end(job, Outcome.FAILED, error=error, permanent=True)
            return [str(job.id) for job in ended]

        return list(self._do(end))

    def fail(self, count: int = 1, message: str = "it broke", **facts: Any) -> list[str]:
        added = self.add(count, **facts)
        assert sorted(self.end(count, message)) == sorted(added)
        return added

    def states(self, ids: list[str]) -> list[str]:
        """Of those that are left."""

        async def read(worker: StillWorker, jobs: Queue) -> list[str]:
            return [job.state.value for job in await jobs.read([UUID(job_id) for job_id in ids])]

        return list(self._do(read))

    def _do(self, act: Callable[[StillWorker, Queue], Coroutine[Any, Any, list[str]]]) -> list[str]:
        async def run() -> list[str]:
            async with open_pool(self.site.database_url, size=2, application_name="test") as pool, Queue(pool) as jobs:
                await set_plan(pool)
                worker = await still_worker(pool)
                try:
                    return await act(worker, jobs)
                finally:
                    await worker.lease.end()

        # Not here: this thread's loop is the browser's.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, run()).result()


@pytest.fixture
def jobs(database_url: str) -> Iterator[Jobs]:
    with ExitStack() as stack:
        _, url = serve(stack, database_url)
        yield Jobs(Site(database_url, url))
