"""Reads what an estimate needs: a job's place anew each time, the queue's slots, run times and depth every so often."""

import asyncio
import time
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, dict_row

from pgqueue.database import keeps_plans
from pgqueue.estimate import COUNT_LIMIT, Capacity, Span, estimate, without_estimate
from pgqueue.job import Estimate
from pgqueue.line import Line
from pgqueue.queries import sql

CAPACITY_SECONDS = 0.5
"""A burst of requests shares one reading; estimates are in whole seconds anyway."""
DEPTH_SECONDS = 5.0
DEPTH_LIMIT = 100_000
"""Of one rank. Counting them reads an index only: some 10 ms."""


class Estimator:
    """One process's estimates. Not for several event loops."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._capacities: dict[str, tuple[float, Capacity]] = {}
        self._depths: dict[str, tuple[float, list[Span]]] = {}
        self._known: dict[str, dict[str, float]] = {}

    async def of_job(self, connection: AsyncConnection[Any], job_id: UUID) -> Estimate:
        """Where the job stands, and in how many seconds it should start. A started job: position 0."""
        cursor = connection.cursor(row_factory=dict_row)
        asked = {"job_id": job_id, "count_limit": COUNT_LIMIT}
        await cursor.execute(sql("place"), asked, prepare=keeps_plans(connection))
        place = await cursor.fetchone()
        if place is None:
            return Estimate(position=0, position_at_least=None, seconds=0.0, reason=None)
        return await self._estimated(connection, place)

    async def of_jobs(
        self, connection: AsyncConnection[Any], job_ids: Collection[UUID], user_id: UUID
    ) -> dict[UUID, Estimate]:
        """Where each of these jobs of one user stands; those that do not wait are left out."""
        cursor = connection.cursor(row_factory=dict_row)
        await cursor.execute(sql("places"), {"job_ids": list(job_ids), "user_id": user_id})
        found: dict[UUID, Estimate] = {}
        by_queue = groupby(sorted(await cursor.fetchall(), key=_queue_of), _queue_of)
        for queue, jobs in [(queue, list(jobs)) for queue, jobs in by_queue]:
            asked = {"queue": queue, "user_id": user_id, "count_limit": COUNT_LIMIT}
            line = Line.of_rows(await (await cursor.execute(sql("line"), asked)).fetchall())
            capacity = await self.capacity(connection, queue)
            depths = await self._depth(connection, queue) if line.is_deep else []
            # A millisecond each behind a thousand jobs: not on the event loop.
            found |= await asyncio.to_thread(_estimates, line, jobs, capacity, depths)
        return found

    async def _estimated(self, connection: AsyncConnection[Any], place: Mapping[str, Any]) -> Estimate:
        if (standing := without_estimate(place)) is not None:
            return standing
        capacity = await self.capacity(connection, place["queue"])
        depths = await self._depth(connection, place["queue"]) if len(place["ready"]) >= COUNT_LIMIT else []
        return estimate(place, capacity, depths)

    async def capacity(self, connection: AsyncConnection[Any], queue: str) -> Capacity:
        """What the queue's work is done with, now or a moment ago."""
        read_at, capacity = self._capacities.get(queue, (0.0, None))
        age = self._clock() - read_at
        # Nobody waits to learn that somebody has come.
        if capacity is not None and capacity.reason is None and age < CAPACITY_SECONDS:
            return capacity.after(age)
        cursor = connection.cursor(row_factory=dict_row)
        await cursor.execute(sql("capacity"), {"queue": queue}, prepare=keeps_plans(connection))
        row = await cursor.fetchone()
        assert row is not None
        capacity = Capacity.of_row(row, self._known.get(queue, {}))
        self._known[queue] = dict(capacity.run_seconds)
        self._capacities[queue] = (self._clock(), capacity)
        return capacity

    def forget(self, queue: str) -> None:
        """What it allows has changed: read it anew."""
        self._capacities.pop(queue, None)

    async def _depth(self, connection: AsyncConnection[Any], queue: str) -> list[Span]:
        read_at, depths = self._depths.get(queue, (0.0, None))
        if depths is None or self._clock() - read_at >= DEPTH_SECONDS:
            cursor = connection.cursor(row_factory=class_row(Span))
            parameters = {"queue": queue, "count_limit": DEPTH_LIMIT}
            depths = await (await cursor.execute(sql("depth"), parameters)).fetchall()
            self._depths[queue] = (self._clock(), depths)
        return depths


def _queue_of(job: Mapping[str, Any]) -> str:
    return str(job["queue"])


def _estimates(
    line: Line, jobs: Iterable[Mapping[str, Any]], capacity: Capacity, depths: Sequence[Span]
) -> dict[UUID, Estimate]:
    found = {}
    for job in jobs:
        place = line.place(job)
        found[job["id"]] = without_estimate(place) or estimate(place, capacity, depths)
    return found
