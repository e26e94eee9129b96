"""How a worker comes by jobs: woken by a hint, a free slot or its own poll, it claims exactly what can start."""

import asyncio
import logging
import time
from contextlib import suppress

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from pgqueue.claim import claim, held_jobs, promote
from pgqueue.cursor import Cursor
from pgqueue.job import ClaimedJob
from pgqueue.lease import Lease
from pgqueue.outage import loudness, reason
from pgqueue.runs import Runs
from pgqueue.settings import Settings

DATABASE_AWAY_SECONDS = 0.5
STRAYS_SECONDS = 5.0
"""How often a worker looks for runs it was given and never heard of; at once after a claim that failed."""

log = logging.getLogger(__name__)


class Claiming:
    """The one loop of a worker that claims.

    failed: claims that got no answer. answered_at: when the last one did, on the monotonic clock.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool,
        runs: Runs,
        lease: Lease,
        cursor: Cursor,
        settings: Settings,
        *,
        wake: asyncio.Event,
        stopping: asyncio.Event,
    ) -> None:
        self._pool = pool
        self._runs = runs
        self._lease = lease
        self._cursor = cursor
        self._settings = settings
        self._wake = wake
        self._stopping = stopping
        self._strays_at = 0.0
        self.failed = 0
        self.answered_at: float | None = None

    async def run(self) -> None:
        """Claim until stopping."""
        queue, is_capped = self._settings.queue, False
        while not self._stopping.is_set():
            # Cleared before looking, not before waiting: what comes in between is looked at again.
            self._wake.clear()
            await self._give_back_strays()
            ahead = self._runs.pace.jobs_ahead
            places = self._runs.places(ahead)
            room = len(places) * ahead
            if not room:
                # A slot that falls free wakes us; nothing else matters before.
                await self._sleep(self._settings.poll_seconds)
                continue
            try:
                jobs = await self._claim(room, is_capped=is_capped)
                self.answered_at = time.monotonic()
                self._runs.start(jobs, places)
                if len(jobs) == room:
                    # As many as there was room for: more may wait, and a slot may be free again already.
                    continue
                due = await promote(self._pool, queue=queue)
                pause = due.seconds
                if due.is_capped is not is_capped:
                    is_capped, pause = due.is_capped, 0.0
            except (psycopg.Error, PoolTimeout) as error:
                self.failed += 1
                log.log(loudness(error), "claim failed; trying again", extra={"reason": reason(error)})
                pause = DATABASE_AWAY_SECONDS
                self._strays_at = 0.0
            await self._sleep(min(self._settings.poll_seconds, self._settings.poll_seconds if pause is None else pause))

    async def _claim(self, limit: int, *, is_capped: bool) -> list[ClaimedJob]:
        worker_id = self._lease.worker_id
        return await claim(
            self._pool,
            queue=self._settings.queue,
            worker_id=worker_id,
            limit=limit,
            cursor=self._cursor,
            is_capped=is_capped,
        )

    async def _give_back_strays(self) -> None:
        """Give back what was claimed in our name by a claim whose answer was lost: nobody would ever run it.

        No claim of ours may be under way meanwhile. One that a cut network delivers late is found the next time.
        """
        if time.monotonic() < self._strays_at:
            return
        known = self._runs.known_ids
        try:
            held = await held_jobs(self._pool, worker_id=self._lease.worker_id)
        except (psycopg.Error, PoolTimeout) as error:
            log.debug("strays not looked for", extra={"reason": str(error).strip()})
            return
        self._strays_at = time.monotonic() + STRAYS_SECONDS
        # What ended while we asked was known before.
        strays = [(job_id, attempt) for job_id, attempt in held if job_id not in known | self._runs.known_ids]
        if strays:
            log.warning("gave back jobs whose claim was never answered", extra={"count": len(strays)})
            self._runs.give_back(strays)

    async def _sleep(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
