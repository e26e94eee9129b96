"""The one lease a worker process holds for everything it runs."""

import asyncio
import logging
import os
import socket
import time
from collections.abc import Callable, Collection
from importlib.metadata import version
from uuid import UUID, uuid4

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from pgqueue.database import answer_within
from pgqueue.outage import loudness, reason
from pgqueue.queries import sql

log = logging.getLogger(__name__)


class Lease:
    """Held by the process that does not compute: neither a busy child nor a large result can starve it."""

    def __init__(self, pool: AsyncConnectionPool, *, queue: str, slots: int, seconds: float) -> None:
        self._pool = pool
        self._queue = queue
        self._slots = slots
        self._seconds = seconds
        self.worker_id = uuid4()
        self.draining = False
        self._renewed_at: float | None = None

    @property
    def age_seconds(self) -> float | None:
        """Since it was last known to be held; None when it is not."""
        return None if self._renewed_at is None else time.monotonic() - self._renewed_at

    async def take(self) -> None:
        """Register under a new id: a worker that was declared dead stays dead."""
        self.worker_id = uuid4()
        parameters = {
            "worker_id": self.worker_id,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "slots": self._slots,
            "queue": self._queue,
            "version": version("pgqueue"),
            "lease_seconds": self._seconds,
        }
        self._renewed_at = None
        asked_at = time.monotonic()
        async with self._pool.connection() as connection:
            await connection.execute(sql("register_worker"), parameters)
        self._renewed_at = asked_at

    async def renew(self, running: Collection[UUID] = (), *, memory_bytes: int | None = None) -> list[UUID] | None:
        """Ids of those running jobs that were asked to cancel; None when the lease is lost.

        memory_bytes: what the worker and its children hold, for those who watch.
        """
        parameters = {
            "worker_id": self.worker_id,
            "lease_seconds": self._seconds,
            "draining": self.draining,
            "job_ids": list(running),
            "memory_bytes": memory_bytes,
        }
        # Before it is asked: the answer may be long on its way.
        asked_at = time.monotonic()
        async with self._pool.connection() as connection:
            # A connection that hangs must leave time to renew over another.
            with answer_within(connection, self._seconds / 3):
                row = await (await connection.execute(sql("renew_lease"), parameters)).fetchone()
        self._renewed_at = None if row is None else asked_at
        return None if row is None else list(row[0])

    async def end(self) -> None:
        """Give the lease up; others may rescue at once whatever is left."""
        async with self._pool.connection() as connection:
            await connection.execute(sql("stop_worker"), {"worker_id": self.worker_id})

    async def keep(
        self,
        *,
        running: Collection[UUID],
        on_cancel: Callable[[UUID], None],
        on_lost: Callable[[], None],
        held_bytes: Callable[[], int | None],
    ) -> None:
        """Renew until cancelled: three times per lease, sooner after a failure. running: ids of the worker's jobs."""
        while True:
            try:
                asked = await self.renew(running, memory_bytes=held_bytes())
            except (psycopg.Error, PoolTimeout) as error:
                log.log(
                    loudness(error), "lease not renewed", extra={"worker": str(self.worker_id), "reason": reason(error)}
                )
                await asyncio.sleep(min(0.5, self._seconds / 10))
                continue
            if asked is None:
                on_lost()
                return
            for job_id in asked:
                on_cancel(job_id)
            await asyncio.sleep(self._seconds / 3)
