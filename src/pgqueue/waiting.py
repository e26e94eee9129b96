"""Counting a queue's waiting jobs on the side that enqueues, where no worker does it: its limit holds without one."""

import asyncio
import logging
import time

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from pgqueue.maintenance import Rest, count_waiting
from pgqueue.outage import loudness, reason
from pgqueue.queries import sql

COUNT_SECONDS = 0.05
SERVED_SECONDS = 5.0
"""How often it is looked whether a queue's workers are still there."""
MAX_QUEUES = 100
"""That are remembered; beyond it all are forgotten, and counted anew."""

log = logging.getLogger(__name__)


class WaitingCount:
    """Counts after enqueues, beside them, for at most a twentieth of one connection's time."""

    def __init__(self, pool: AsyncConnectionPool) -> None:
        self._pool = pool
        self._rests: dict[str, Rest] = {}
        self._due: set[str] = set()
        self._gathered = asyncio.Event()
        self._closing = False

    def enqueued(self, queue: str) -> None:
        """Something was added to the queue: it is counted unless it was a moment ago."""
        if queue not in self._rests or self._rests[queue].is_over():
            self._due.add(queue)
            self._gathered.set()

    async def run(self) -> None:
        """Count until closed."""
        while not self._closing:
            await self._gathered.wait()
            self._gathered.clear()
            due, self._due = self._due, set()
            for queue in due:
                await self._count(queue)

    def close(self) -> None:
        """End `run` by itself: Python 3.11's wait_for, beneath the pool, may swallow a cancellation."""
        self._closing = True
        self._due.clear()
        self._gathered.set()

    async def _count(self, queue: str) -> None:
        began, rest = time.monotonic(), Rest(SERVED_SECONDS)
        try:
            if not await self._is_served(queue):
                await count_waiting(self._pool, queue=queue)
                rest = Rest(COUNT_SECONDS)
        except (psycopg.Error, PoolTimeout) as error:
            log.log(loudness(error), "waiting jobs not counted", extra={"queue": queue, "reason": reason(error)})
        rest.begin(began)
        if len(self._rests) >= MAX_QUEUES:
            self._rests.clear()
        self._rests[queue] = rest

    async def _is_served(self, queue: str) -> bool:
        async with self._pool.connection() as connection:
            row = await (await connection.execute(sql("is_served"), {"queue": queue})).fetchone()
        return row is not None and bool(row[0])
