"""The latest progress of every run of a worker, written in one statement a tick."""

import asyncio
import logging
from collections.abc import Callable
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from pgqueue.executor import ProgressReport
from pgqueue.hints import Hints
from pgqueue.job import ClaimedJob
from pgqueue.outage import loudness, reason
from pgqueue.queries import sql

log = logging.getLogger(__name__)


class ProgressBoard:
    """Gathers reports, latest wins, and flushes them together: at once when quiet, else once a tick."""

    def __init__(
        self,
        pool: AsyncConnectionPool,
        worker_id: UUID,
        *,
        tick_seconds: float,
        on_lease_lost: Callable[[UUID, int], None],
    ) -> None:
        self.worker_id = worker_id
        self._pool = pool
        self._tick = tick_seconds
        self._on_lease_lost = on_lease_lost
        self._hints = Hints(pool)
        self._latest: dict[UUID, tuple[int, ProgressReport]] = {}
        self._arrived = asyncio.Event()

    def report(self, job: ClaimedJob, report: ProgressReport) -> None:
        self._latest[job.id] = (job.attempt, report)
        self._arrived.set()

    def ended(self, job_id: UUID, *, ready_queue: str | None = None) -> None:
        """The run has ended and is committed: nothing more to write about it but the hint."""
        self._latest.pop(job_id, None)
        self._hints.changed(job_id)
        if ready_queue is not None:
            self._hints.ready(ready_queue)
        self._arrived.set()

    async def run(self) -> None:
        """Flush until cancelled."""
        while True:
            await self._arrived.wait()
            await self.flush()
            # The tick follows the flush: the first report after a quiet spell goes out at once.
            await asyncio.sleep(self._tick)

    async def flush(self) -> None:
        """Write what has gathered. A failed flush is dropped: the next report carries all it said."""
        self._arrived.clear()
        latest, self._latest = self._latest, {}
        if latest:
            try:
                written = await self._write(latest)
            except (psycopg.Error, PoolTimeout) as error:
                log.log(loudness(error), "progress not written", extra={"count": len(latest), "reason": reason(error)})
            else:
                for job_id in latest.keys() - written:
                    self._on_lease_lost(job_id, latest[job_id][0])
        await self._hints.flush()

    async def _write(self, latest: dict[UUID, tuple[int, ProgressReport]]) -> set[UUID]:
        parameters = {
            "worker_id": self.worker_id,
            "job_ids": list(latest),
            "attempts": [attempt for attempt, _ in latest.values()],
            "percents": [report.percent for _, report in latest.values()],
            "steps": [report.step for _, report in latest.values()],
            "remaining": [report.remaining_seconds for _, report in latest.values()],
        }
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(sql("flush_progress"), parameters)).fetchall()
        return {row[0] for row in rows}
