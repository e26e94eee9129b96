"""Hints: coalesced NOTIFYs, sent after the commit they speak of and never inside it.

NOTIFY takes one lock for the whole cluster until its commit is on disk; a transaction of its own that does not wait
for the disk holds it for microseconds. A hint that is lost is a delay: everything that listens also polls.
"""

import asyncio
import logging
from collections.abc import Iterable
from contextlib import suppress
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from pgqueue.database import keeps_plans
from pgqueue.outage import loudness, reason
from pgqueue.queries import sql

READY = "pgqueue_ready"
"""Payload: the name of a queue in which something became ready."""
CHANGED = "pgqueue_changed"
"""Payload: ids of jobs that changed, separated by commas; nothing private, anyone may listen."""
CANCEL = "pgqueue_cancel"
"""Payload: ids of running jobs that were asked to stop."""

IDS_PER_PAYLOAD = 200
"""A payload must stay below 8,000 bytes; 200 ids and their commas are 7,399."""

log = logging.getLogger(__name__)


def payloads(job_ids: Iterable[UUID]) -> list[str]:
    """The ids as payloads, each short enough for NOTIFY."""
    ids = [str(job_id) for job_id in job_ids]
    return [",".join(ids[i : i + IDS_PER_PAYLOAD]) for i in range(0, len(ids), IDS_PER_PAYLOAD)]


def parse_ids(payload: str) -> list[UUID]:
    """The job ids of a payload. Anyone may NOTIFY: what is no id is passed over."""
    ids = []
    for word in payload.split(","):
        with suppress(ValueError):
            ids.append(UUID(word))
    return ids


class Hints:
    """Gathers what changed and tells listeners; one statement for all that gathered while the last was under way."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool
        self._ready: set[str] = set()
        self._changed: set[UUID] = set()
        self._cancel: set[UUID] = set()
        self._gathered = asyncio.Event()
        self._closing = False

    def ready(self, queue: str) -> None:
        self._ready.add(queue)
        self._gathered.set()

    def changed(self, *job_ids: UUID) -> None:
        self._changed.update(job_ids)
        self._gathered.set()

    def cancel(self, job_id: UUID) -> None:
        self._cancel.add(job_id)
        self._gathered.set()

    async def run(self) -> None:
        """Send until closed, and then what is left."""
        while not self._closing:
            await self._gathered.wait()
            await self.flush()

    def close(self) -> None:
        """End `run` by itself: Python 3.11's wait_for, beneath the pool, may swallow a cancellation."""
        self._closing = True
        self._gathered.set()

    async def flush(self) -> None:
        """Send now what has gathered. A failure is logged and forgotten: polls find what it spoke of."""
        self._gathered.clear()
        hints = self._take()
        if not hints:
            return
        try:
            async with self._pool.connection() as connection:
                told = {"channels": [h[0] for h in hints], "payloads": [h[1] for h in hints]}
                await connection.execute(sql("notify"), told, prepare=keeps_plans(connection))
        except (psycopg.Error, PoolTimeout) as error:
            log.log(loudness(error), "hints not sent", extra={"count": len(hints), "reason": reason(error)})

    def _take(self) -> list[tuple[str, str]]:
        hints = [(READY, queue) for queue in self._ready]
        hints += [(CHANGED, payload) for payload in payloads(self._changed)]
        hints += [(CANCEL, payload) for payload in payloads(self._cancel)]
        self._ready.clear()
        self._changed.clear()
        self._cancel.clear()
        return hints
