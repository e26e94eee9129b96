"""The queue as callers see it: enqueue, read, cancel, requeue, and how long it will take."""

import asyncio
import json
import logging
from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import datetime
from enum import Enum
from typing import Any, Self
from uuid import UUID

import psycopg
from psycopg import AsyncConnection, AsyncCursor
from psycopg.errors import NoDataFound, ObjectNotInPrerequisiteState
from psycopg.rows import class_row, dict_row
from psycopg_pool import AsyncConnectionPool

from pgqueue.allowance import Allowance
from pgqueue.bulk import Bulk
from pgqueue.errors import BatchTooLarge, JobNotFound, WrongState
from pgqueue.estimate import newcomer
from pgqueue.estimator import Estimator
from pgqueue.hints import Hints
from pgqueue.job import (
    NOBODY,
    Cancelled,
    Enqueued,
    Estimate,
    HistoryEntry,
    JobSnapshot,
    JobState,
    QueueStats,
    Quota,
    StoredResult,
)
from pgqueue.outage import loudness, reason
from pgqueue.queries import sql
from pgqueue.row_security import acting_as, execute_as
from pgqueue.search import JobSearch, list_page
from pgqueue.transaction import MAX_RETRIES, async_driver, encode, parameters, read_answer
from pgqueue.waiting import WaitingCount

MAX_BATCH = 100_000
BULK_HINTS = 1_000
"""Of a bulk's jobs, so many are told of at once; whoever watches the others finds them by polling."""
STATS_COUNT_LIMIT = 100_000

log = logging.getLogger(__name__)


class Unset(Enum):
    """Not given, where None means no limit."""

    UNSET = 0


UNSET = Unset.UNSET


class Queue:
    """One database's jobs. Enter it as a context: it owns the tasks that send hints and count after commits.

    actor: whom the history names for what is cancelled, changed or deleted; None: the user a verb is for, or else the
    database's role. Any verb may name another. user_role: what is asked for one user (with user_id) is asked as that
    role, behind row-level security.
    """

    def __init__(
        self,
        pool: AsyncConnectionPool,
        *,
        name: str = "backtest",
        actor: str | None = None,
        user_role: str | None = None,
    ) -> None:
        self._pool = pool
        self._name = name
        self._actor = actor
        self._user_role = user_role
        self._hints = Hints(pool)
        self._waiting = WaitingCount(pool)
        self._estimator = Estimator()
        self._background: list[asyncio.Task[None]] = []

    @property
    def name(self) -> str:
        """Of the queue that is meant where none is named."""
        return self._name

    async def __aenter__(self) -> Self:
        self._background = [
            asyncio.create_task(self._hints.run(), name="pgqueue hints"),
            asyncio.create_task(self._waiting.run(), name="pgqueue waiting"),
        ]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._hints.close()
        self._waiting.close()
        await asyncio.gather(*self._background)

    async def enqueue(
        self,
        kind: str,
        args: Mapping[str, Any],
        *,
        queue: str | None = None,
        user_id: UUID = NOBODY,
        tier: int | None = None,
        priority: int = 5,
        run_at: datetime | None = None,
        idempotency_key: str | None = None,
        request_hash: bytes | None = None,
        requeued_from: UUID | None = None,
        is_estimated: bool = False,
        connection: Any = None,
    ) -> Enqueued:
        """Add a job; with `connection`, inside the caller's transaction, to run only if that commits.

        connection: psycopg's AsyncConnection, or an AsyncConnection or AsyncSession of SQLAlchemy on psycopg.

        tier: 0 free, 1 basic, 2 pro, where something trusted says so; None is the account's. priority: 1–10, 10 first.
        run_at: not before; None is now. The same key and request_hash give the first job again; the same key with
        another hash raises IdempotencyConflict. args: JSON of at most 256 KiB, else ArgsTooLarge. Raises EnqueueRefused
        at a limit: daily quota, waiting jobs, credits, a full queue. A caller's transaction is not aborted by that, and
        gets no hint: a poll finds its job within a second. is_estimated: say where the job stands, too; with the reason
        `unknown` where that could not be read any more.
        """
        queue = queue or self._name
        asked = parameters(
            kind,
            args,
            queue,
            user_id,
            tier,
            priority,
            run_at,
            idempotency_key=idempotency_key,
            request_hash=request_hash,
            requeued_from=requeued_from,
        )
        if connection is not None:
            return await self._enqueue(await async_driver(connection), asked)
        async with self._pool.connection() as own:
            enqueued = await self._enqueue(own, asked, self._user_role)
            if enqueued.created:
                self._waiting.enqueued(queue)
                self._hints.ready(queue)
                self._hints.changed(enqueued.job_id)
            return await self._with_estimate(own, enqueued) if is_estimated else enqueued

    async def find_repeat(self, idempotency_key: str, request_hash: bytes, *, user_id: UUID) -> Enqueued | None:
        """The job that the key has made already, with its estimate; None when it is new. Raises IdempotencyConflict."""
        asked = {
            "queue": self._name,
            "user_id": user_id,
            "idempotency_key": idempotency_key,
            "request_hash": request_hash,
        }
        async with self._pool.connection() as connection:
            row = await (await _ask(connection, "find_repeat", asked, user_id, self._user_role)).fetchone()
            return None if row is None else await self._with_estimate(connection, read_answer(row, asked))

    async def enqueue_many(
        self,
        kind: str,
        args: Sequence[Mapping[str, Any]],
        *,
        queue: str | None = None,
        user_id: UUID = NOBODY,
        tier: int | None = None,
        priority: int = 5,
        run_at: datetime | None = None,
        connection: Any = None,
    ) -> list[UUID]:
        """Add many jobs of one user by one COPY, all or none; their ids, in order.

        As enqueue, but without idempotency keys; at most MAX_BATCH at once, else BatchTooLarge.
        """
        if len(args) > MAX_BATCH:
            raise BatchTooLarge(len(args), limit=MAX_BATCH)
        bulk = Bulk(queue or self._name, kind, user_id, tier, priority, run_at, max_retries=MAX_RETRIES)
        texts = [encode(each) for each in args]
        if not texts:
            return []
        if connection is not None:
            brought = await async_driver(connection)
            async with brought.transaction():
                return await bulk.write(brought, texts)
        async with self._pool.connection() as own, own.transaction():
            ids = await bulk.write(own, texts)
        self._waiting.enqueued(bulk.queue)
        self._hints.ready(bulk.queue)
        self._hints.changed(*ids[:BULK_HINTS])
        return ids

    async def _enqueue(
        self, connection: AsyncConnection[Any], asked: Mapping[str, Any], role: str | None = None
    ) -> Enqueued:
        user_id = None if asked["user_id"] == NOBODY else asked["user_id"]
        return read_answer(await (await _ask(connection, "enqueue", asked, user_id, role)).fetchone(), asked)

    async def read(self, job_ids: Sequence[UUID], *, user_id: UUID | None = None) -> list[JobSnapshot]:
        """These jobs as they are now, in id order; unknown ones, and with user_id other users', are left out."""
        async with self._pool.connection() as connection:
            return await _read(connection, job_ids, user_id, self._user_role)

    async def read_recent(
        self, user_id: UUID, *, ended_within_seconds: float = 600, limit: int = 1000
    ) -> list[JobSnapshot]:
        """The user's unfinished jobs and those that ended a moment ago, of their newest `limit` jobs, oldest first."""
        ids = await self.recent_ids([user_id], ended_within_seconds=ended_within_seconds, limit=limit)
        return await self.read(ids, user_id=user_id)

    async def recent_ids(
        self, user_ids: Collection[UUID], *, ended_within_seconds: float = 600, limit: int = 1000
    ) -> Sequence[UUID]:
        """Ids of these users' unfinished jobs and of those that ended a moment ago, of each one's newest `limit`."""
        parameters = {"user_ids": list(user_ids), "ended_within_seconds": ended_within_seconds, "limit": limit}
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(sql("recent_ids"), parameters)).fetchall()
        return [_first(row) for row in rows]

    async def clock(self) -> float:
        """Seconds since 1970 by Postgres's clock, the one that all stamps are of."""
        async with self._pool.connection() as connection:
            row = await (await connection.execute(sql("clock"))).fetchone()
        assert row is not None
        return float(row[0])

    async def read_seqs(self, job_ids: Collection[UUID]) -> dict[UUID, int]:
        """The present seq of each job: enough to know which of them to read again."""
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(sql("read_seqs"), {"job_ids": list(job_ids)})).fetchall()
        return {row[0]: row[1] for row in rows}

    async def list(
        self,
        *,
        user_id: UUID | None = None,
        queue: str | None = None,
        states: Collection[JobState] | None = None,
        args: Mapping[str, Any] | None = None,
        before: UUID | None = None,
        limit: int = 50,
    ) -> list[JobSnapshot]:
        """Jobs, newest first; the last one's id is the `before` of the next page. args: members they must have."""
        parameters = {
            "user_id": user_id,
            "queue": queue,
            "states": [state.value for state in states] if states else None,
            "args": json.dumps(args) if args else None,
            "before": before,
            "limit": limit,
        }
        async with self._pool.connection() as connection:
            rows = await (await _ask(connection, "list_ids", parameters, user_id, self._user_role)).fetchall()
            jobs = await _read(connection, [_first(row) for row in rows], user_id, self._user_role)
        return jobs[::-1]

    async def search(
        self, wanted: JobSearch, *, before: UUID | None = None, limit: int = 50
    ) -> tuple[Sequence[JobSnapshot], UUID | None]:
        """A page of the jobs that are so, newest first, and the `before` of the next one; None after the last.

        A page looks at so many jobs at most: it may be short, even empty, and still have a next one.
        """
        user_id = wanted.user_id
        async with self._pool.connection() as connection, self._transaction(connection, user_id):
            ids, following = await list_page(connection, wanted, before=before, limit=limit)
            jobs = await _read(connection, ids, user_id)
        return jobs[::-1], following

    async def cancel(self, job_id: UUID, *, user_id: UUID | None = None, actor: str | None = None) -> Cancelled:
        """Cancel a waiting job at once, ask a running one to stop. JobNotFound; WrongState when it has ended."""
        async with self._pool.connection() as connection:
            asked = {"job_id": job_id, "user_id": user_id, "actor": self._acting(actor, user_id)}
            row = await (await _ask(connection, "cancel", asked, user_id, self._user_role)).fetchone()
        assert row is not None
        if row["state"] is None:
            raise JobNotFound(job_id)
        match JobState(row["state"]):
            case JobState.COMPLETED | JobState.FAILED as state:
                raise WrongState(job_id, state=state.value, wanted="waiting or processing", verb="cancel")
            case JobState.CANCELLED:
                return Cancelled.ALREADY
            case JobState.PROCESSING if row["asked_before"]:
                return Cancelled.ALREADY
            case JobState.PROCESSING:
                self._hints.cancel(job_id)
                self._hints.changed(job_id)
                return Cancelled.REQUESTED
            case JobState.SCHEDULED | JobState.HELD | JobState.READY:
                self._hints.changed(job_id)
                if row["freed_queue"] is not None:
                    self._hints.ready(row["freed_queue"])
                return Cancelled.CANCELLED

    async def requeue(
        self,
        job_id: UUID,
        *,
        user_id: UUID | None = None,
        tier: int | None = None,
        is_estimated: bool = False,
        actor: str | None = None,
    ) -> Enqueued:
        """Run a final job again, as a new job that names the old one. JobNotFound; WrongState while unfinished.

        tier, is_estimated: as in enqueue.
        """
        async with self._pool.connection() as connection:
            asked = {"job_id": job_id, "user_id": user_id}
            row = await (await _ask(connection, "requeue", asked, user_id, self._user_role)).fetchone()
            if row is None:
                raise JobNotFound(job_id)
            state = JobState(row["state"])
            if not state.is_final:
                raise WrongState(job_id, state=state.status, wanted="completed, failed or cancelled", verb="requeue")
            async with self._transaction(connection, user_id):
                enqueued = await self.enqueue(
                    row["kind"],
                    row["args"],
                    queue=row["queue"],
                    user_id=row["user_id"],
                    tier=tier,
                    priority=row["priority"],
                    requeued_from=job_id,
                    connection=connection,
                )
                told = {"job_id": job_id, "requeued_as": enqueued.job_id, "actor": self._acting(actor, user_id)}
                await connection.execute(sql("record_requeue"), told)
            self._waiting.enqueued(row["queue"])
            self._hints.ready(row["queue"])
            self._hints.changed(enqueued.job_id)
            return await self._with_estimate(connection, enqueued) if is_estimated else enqueued

    async def _with_estimate(self, connection: AsyncConnection[Any], enqueued: Enqueued) -> Enqueued:
        """The same, and where it stands. What is committed is never answered with an error: that asks for it twice."""
        try:
            estimate = await self._estimator.of_job(connection, enqueued.job_id)
        except psycopg.Error as error:
            log.log(loudness(error), "enqueued, but not estimated", extra={"reason": reason(error)})
            estimate = Estimate(position=None, position_at_least=None, seconds=None, reason="unknown")
        return replace(enqueued, estimate=estimate)

    def _transaction(self, connection: AsyncConnection[Any], user_id: UUID | None) -> AbstractAsyncContextManager[Any]:
        if user_id is not None and self._user_role is not None:
            return acting_as(connection, user_id, role=self._user_role)
        return connection.transaction()

    async def set_priority(
        self, job_id: UUID, priority: int, *, user_id: UUID | None = None, actor: str | None = None
    ) -> None:
        """Move a waiting job to another priority, 1–10, at the end of its owner's turns there.

        JobNotFound; WrongState when it runs or has ended.
        """
        asked = {"priority": priority, "wanted": "waiting", "verb": "change the priority of"}
        await self._change("set_priority", job_id, user_id, actor, asked)

    async def delete(self, job_id: UUID, *, user_id: UUID | None = None, actor: str | None = None) -> None:
        """Remove a final job with its result and attempts. JobNotFound; WrongState while it is unfinished."""
        asked = {"wanted": "completed, failed or cancelled", "verb": "delete"}
        await self._change("delete_job", job_id, user_id, actor, asked)

    async def history(self, job_id: UUID, *, limit: int = 1000) -> Sequence[HistoryEntry]:
        """The job's life in order, its first `limit` moments: also of a job that was deleted. Empty when unknown."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=class_row(HistoryEntry))
            await cursor.execute(sql("history"), {"job_id": job_id, "limit": limit})
            return await cursor.fetchall()

    async def result(self, job_id: UUID, *, user_id: UUID | None = None) -> StoredResult | None:
        """What the job's completed run left behind; None when there is nothing (or nothing of that user's)."""
        async with self._pool.connection() as connection:
            parameters = {"job_id": job_id, "user_id": user_id}
            cursor = await _ask(connection, "result", parameters, user_id, self._user_role, binary=True)
            row = await cursor.fetchone()
        return None if row is None else StoredResult(**row)

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

    async def quota(self, user_id: UUID, *, tier: int | None = None) -> Quota | None:
        """What is left of the user's jobs of today (UTC); None where the plan sets no number. tier: as in enqueue."""
        parameters = {"user_id": user_id, "tier": tier, "queue": self._name}
        async with self._pool.connection() as connection:
            row = await (await _ask(connection, "quota", parameters, user_id, self._user_role)).fetchone()
        if row is None or row["per_day"] is None:
            return None
        return Quota(row["per_day"], max(0, row["per_day"] - row["used"]), row["seconds_left"])

    async def allowance(self, user_id: UUID, *, tier: int | None = None) -> Allowance:
        """The user's limits and what is used of them. tier: as in enqueue."""
        parameters = {"user_id": user_id, "tier": tier, "queue": self._name}
        async with self._pool.connection() as connection:
            row = await (await _ask(connection, "allowance", parameters, user_id, self._user_role)).fetchone()
        assert row is not None
        return Allowance(**row)

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

    async def _change(
        self, verb: str, job_id: UUID, user_id: UUID | None, actor: str | None, asked: Mapping[str, Any]
    ) -> None:
        parameters = {"job_id": job_id, "user_id": user_id, "actor": self._acting(actor, user_id), **asked}
        try:
            async with self._pool.connection() as connection:
                await connection.execute(sql(verb), parameters)
        except NoDataFound:
            raise JobNotFound(job_id) from None
        except ObjectNotInPrerequisiteState as error:
            state = JobState(error.diag.message_detail or "").status
            raise WrongState(job_id, state=state, wanted=asked["wanted"], verb=asked["verb"]) from None
        self._hints.changed(job_id)

    def _acting(self, actor: str | None, user_id: UUID | None = None) -> str | None:
        return actor or self._actor or (f"user {user_id}" if user_id else None)

    async def workers(self) -> Sequence[Mapping[str, Any]]:
        """The workers that hold a lease now, oldest first: one mapping each, as in sql/list_workers.sql."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            return await (await cursor.execute(sql("list_workers"))).fetchall()

    async def failed(
        self, *, queue: str | None = None, since: datetime | None = None, limit: int = 10_000
    ) -> Sequence[UUID]:
        """Ids of failed jobs that were not requeued yet, oldest first."""
        parameters = {"queue": queue or self._name, "since": since, "limit": limit}
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(sql("failed_ids"), parameters)).fetchall()
        return [_first(row) for row in rows]


async def _ask(
    connection: AsyncConnection[Any],
    verb: str,
    parameters: Mapping[str, Any],
    user_id: UUID | None,
    role: str | None,
    *,
    binary: bool = False,
) -> AsyncCursor[dict[str, Any]]:
    """The statement's cursor; for a user as the users' role, where there is one. Either is one round trip."""
    if user_id is not None and role is not None:
        return await execute_as(connection, verb, parameters, user_id=user_id, role=role, binary=binary)
    return await connection.cursor(row_factory=dict_row).execute(sql(verb), parameters, binary=binary)


async def _read(
    connection: AsyncConnection[Any], job_ids: Sequence[UUID], user_id: UUID | None, role: str | None = None
) -> list[JobSnapshot]:
    if not job_ids:
        return []
    cursor = await _ask(connection, "read_jobs", {"job_ids": list(job_ids), "user_id": user_id}, user_id, role)
    return [JobSnapshot(**{**row, "state": JobState(row["state"])}) for row in await cursor.fetchall()]


def _first(row: Any) -> Any:
    """The one column of a row, whatever row factory the caller's connection has."""
    return next(iter(row.values())) if isinstance(row, Mapping) else row[0]
