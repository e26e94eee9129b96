"""The queue as a whole: how much waits and how long it will take, what it allows, pause and resume."""

from collections.abc import Collection, Mapping, Sequence
from enum import Enum
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from pgqueue.allowance import Allowance
from pgqueue.asking import Asking, ask, first
from pgqueue.estimate import newcomer
from pgqueue.job import Estimate, QueueStats
from pgqueue.queries import sql

STATS_COUNT_LIMIT = 100_000


class Unset(Enum):
    """Not given, where None means no limit."""

    UNSET = 0


UNSET = Unset.UNSET


class Steering(Asking):
    """The verbs of whoever watches over the queue, and of whoever wants to know how long it is."""

    async def stats(self, queue: str | None = None) -> QueueStats:
        """The queue at a glance. waiting is exact up to 100,000 ready and as many scheduled jobs."""
        name = queue or self._name
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(sql("stats"), {"queue": name, "count_limit": STATS_COUNT_LIMIT})
            row = await cursor.fetchone()
            assert row is not None
            unsaid = "paused" if row["paused"] else "no_workers" if row["workers"] == 0 else None
            wait = None
            if unsaid is None:
                # The larger question, asked only where somebody can say.
                capacity = await self._estimator.capacity(connection, name)
                wait, unsaid = newcomer(capacity, row["ready"]), capacity.reason
        return QueueStats(
            waiting=row["waiting"],
            active=row["active"],
            paused=row["paused"],
            workers=row["workers"],
            slots=row["slots"],
            estimated_wait_seconds=wait,
            reason=unsaid,
        )

    async def estimate(self, job_id: UUID) -> Estimate:
        """Where the job stands in its queue, and in how many seconds it should start. A started job: position 0."""
        async with self._pool.connection() as connection:
            return await self._estimator.of_job(connection, job_id)

    async def estimates(self, job_ids: Collection[UUID], *, user_id: UUID) -> Mapping[UUID, Estimate]:
        """As estimate, of those of the user's jobs that wait: the line is read once for all of them."""
        async with self._pool.connection() as connection:
            return await self._estimator.of_jobs(connection, job_ids, user_id)

    async def allowance(self, user_id: UUID, *, tier: int | None = None) -> Allowance:
        """The user's limits and what is used of them. tier: as in enqueue."""
        parameters = {"user_id": user_id, "tier": tier, "queue": self._name}
        async with self._pool.connection() as connection:
            row = await (await ask(connection, "allowance", parameters, user_id, self._user_role)).fetchone()
        assert row is not None
        return Allowance(**row)

    async def names(self) -> Sequence[str]:
        """Of the queues there are, in order: those that were worked on, added to, paused or limited."""
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(sql("queue_names"))).fetchall()
        return [first(row) for row in rows]

    async def workers(self) -> Sequence[Mapping[str, Any]]:
        """The workers that hold a lease now, oldest first: one mapping each, as in sql/list_workers.sql."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            return await (await cursor.execute(sql("list_workers"))).fetchall()

    async def pause(self, queue: str | None = None, *, actor: str | None = None) -> None:
        """Claim nothing more from the queue; what runs, runs on."""
        await self._set_paused(queue or self._name, paused=True, actor=actor)

    async def resume(self, queue: str | None = None, *, actor: str | None = None) -> None:
        """Claim from the queue again."""
        await self._set_paused(queue or self._name, paused=False, actor=actor)
        self._hints.ready(queue or self._name)

    async def limit(
        self,
        queue: str | None = None,
        *,
        max_waiting: int | Unset | None = UNSET,
        max_running: int | Unset | None = UNSET,
        starts: int | Unset | None = UNSET,
        per_seconds: float | None = None,
        actor: str | None = None,
    ) -> Mapping[str, Any]:
        """Change what the queue allows; None is no limit, what is not given stays. Answers with all of it.

        max_waiting: enqueues beyond it are refused. max_running: jobs at once. starts: in any per_seconds.
        """
        name = queue or self._name
        parameters = {
            "queue": name,
            "set_max_waiting": max_waiting is not UNSET,
            "max_waiting": None if max_waiting is UNSET else max_waiting,
            "set_max_running": max_running is not UNSET,
            "max_running": None if max_running is UNSET else max_running,
            "set_starts": starts is not UNSET,
            "starts": None if starts is UNSET else starts,
            "per_seconds": per_seconds,
            "actor": self._acting(actor),
        }
        async with self._pool.connection() as connection:
            await connection.execute(sql("ensure_queue"), {"queue": name})
            cursor = connection.cursor(row_factory=dict_row)
            row = await (await cursor.execute(sql("limit_queue"), parameters)).fetchone()
        assert row is not None
        self._estimator.forget(name)
        self._hints.ready(name)
        return row

    async def _set_paused(self, queue: str, *, paused: bool, actor: str | None) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(sql("ensure_queue"), {"queue": queue})
            asked = {"queue": queue, "paused": paused, "actor": self._acting(actor)}
            await connection.execute(sql("pause"), asked)
        self._estimator.forget(queue)
