"""The queue as callers see it: enqueue, read, cancel, requeue, and how long it will take."""

import asyncio
import json
import math
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, Self
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import class_row, dict_row
from psycopg_pool import AsyncConnectionPool

from pgqueue.bulk import Bulk
from pgqueue.errors import ArgsTooLarge, BatchTooLarge, IdempotencyConflict, JobNotFound, WrongState, refusal
from pgqueue.hints import Hints
from pgqueue.job import (
    NOBODY,
    Cancelled,
    Enqueued,
    Estimate,
    JobSnapshot,
    JobState,
    QueueStats,
    StoredResult,
)
from pgqueue.queries import sql

MAX_ARGS_BYTES = 256 * 1024
MAX_RETRIES = 3
MAX_BATCH = 100_000
BULK_HINTS = 1_000
"""Of a bulk's jobs, so many are told of at once; whoever watches the others finds them by polling."""
COUNT_LIMIT = 1000
"""Positions are exact up to here; beyond it nobody reads the number, and counting would cost what the queue is deep."""
STATS_COUNT_LIMIT = 100_000
UNMEASURED_RUN_SECONDS = 1.0
"""What a run is taken to last while the queue has completed none."""


class Unset(Enum):
    """Not given, where None means no limit."""

    UNSET = 0


UNSET = Unset.UNSET


class Queue:
    """One database's jobs. Enter it as a context: it owns the task that sends hints after commits."""

    def __init__(self, pool: AsyncConnectionPool, *, name: str = "backtest") -> None:
        self._pool = pool
        self._name = name
        self._hints = Hints(pool)
        self._sending: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._sending = asyncio.create_task(self._hints.run(), name="pgqueue hints")
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._sending is not None
        self._hints.close()
        await self._sending

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
        connection: AsyncConnection[Any] | None = None,
    ) -> Enqueued:
        """Add a job; with `connection`, inside the caller's transaction, to run only if that commits.

        tier: 0 free, 1 basic, 2 pro, where something trusted says so; None is the account's. priority: 1–10, 10 first.
        run_at: not before; None is now. The same key and request_hash give the first job again; the same key with
        another hash raises IdempotencyConflict. args: JSON of at most 256 KiB, else ArgsTooLarge. Raises EnqueueRefused
        at a limit: daily quota, waiting jobs, credits, a full queue. A caller's transaction is not aborted by that, and
        gets no hint: a poll finds its job within a second.
        """
        text = _encode(args)
        queue = queue or self._name
        parameters = {
            "queue": queue,
            "kind": kind,
            "user_id": user_id,
            "tier": tier,
            "priority": priority,
            "args": text,
            "max_retries": MAX_RETRIES,
            "idempotency_key": idempotency_key,
            "request_hash": request_hash,
            "requeued_from": requeued_from,
            "run_at": run_at,
        }
        if connection is not None:
            return await self._enqueue(connection, parameters)
        async with self._pool.connection() as own:
            enqueued = await self._enqueue(own, parameters)
        if enqueued.created:
            self._hints.ready(queue)
            self._hints.changed(enqueued.job_id)
        return enqueued

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
        connection: AsyncConnection[Any] | None = None,
    ) -> list[UUID]:
        """Add many jobs of one user by one COPY, all or none; their ids, in order.

        As enqueue, but without idempotency keys; at most MAX_BATCH at once, else BatchTooLarge.
        """
        if len(args) > MAX_BATCH:
            raise BatchTooLarge(len(args), limit=MAX_BATCH)
        bulk = Bulk(queue or self._name, kind, user_id, tier, priority, run_at, max_retries=MAX_RETRIES)
        texts = [_encode(each) for each in args]
        if not texts:
            return []
        if connection is not None:
            async with connection.transaction():
                return await bulk.write(connection, texts)
        async with self._pool.connection() as own, own.transaction():
            ids = await bulk.write(own, texts)
        self._hints.ready(bulk.queue)
        self._hints.changed(*ids[:BULK_HINTS])
        return ids

    async def _enqueue(self, connection: AsyncConnection[Any], parameters: dict[str, Any]) -> Enqueued:
        cursor = connection.cursor(row_factory=dict_row)
        answer = await (await cursor.execute(sql("enqueue"), parameters)).fetchone()
        assert answer is not None
        if answer["refused"] is not None:
            raise refusal(answer["refused"], limit=answer["refused_limit"], seconds=answer["refused_seconds"])
        if not answer["created"] and not answer["same_request"]:
            raise IdempotencyConflict(parameters["idempotency_key"], job_id=answer["job_id"])
        return Enqueued(job_id=answer["job_id"], created=answer["created"])

    async def read(self, job_ids: Sequence[UUID], *, user_id: UUID | None = None) -> list[JobSnapshot]:
        """These jobs as they are now, in id order; unknown ones, and with user_id other users', are left out."""
        async with self._pool.connection() as connection:
            return await _read(connection, job_ids, user_id)

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
            rows = await (await connection.execute(sql("list_ids"), parameters)).fetchall()
            jobs = await _read(connection, [_first(row) for row in rows], user_id)
        return jobs[::-1]

    async def cancel(self, job_id: UUID, *, user_id: UUID | None = None) -> Cancelled:
        """Cancel a waiting job at once, ask a running one to stop. JobNotFound; WrongState when it has ended."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(sql("cancel"), {"job_id": job_id, "user_id": user_id})
            row = await cursor.fetchone()
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
                return Cancelled.CANCELLED

    async def requeue(self, job_id: UUID, *, user_id: UUID | None = None, tier: int | None = None) -> Enqueued:
        """Run a final job again, as a new job that names the old one. JobNotFound; WrongState while unfinished.

        tier: the owner's present one; None keeps the old job's.
        """
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(sql("requeue"), {"job_id": job_id, "user_id": user_id})
            row = await cursor.fetchone()
        if row is None:
            raise JobNotFound(job_id)
        state = JobState(row["state"])
        if not state.is_final:
            raise WrongState(job_id, state=state.status, wanted="completed, failed or cancelled", verb="requeue")
        return await self.enqueue(
            row["kind"],
            row["args"],
            queue=row["queue"],
            user_id=row["user_id"],
            tier=row["tier"] if tier is None else tier,
            priority=row["priority"],
            requeued_from=job_id,
        )

    async def result(self, job_id: UUID, *, user_id: UUID | None = None) -> StoredResult | None:
        """What the job's completed run left behind; None when there is nothing (or nothing of that user's)."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=class_row(StoredResult))
            await cursor.execute(sql("result"), {"job_id": job_id, "user_id": user_id}, binary=True)
            return await cursor.fetchone()

    async def stats(self, queue: str | None = None) -> QueueStats:
        """The queue at a glance. waiting is exact up to 100,000 ready and as many scheduled jobs."""
        async with self._pool.connection() as connection:
            row = await _stats(connection, queue or self._name)
        waiting = None if row["workers"] == 0 else _wait_seconds(row["waiting"], row)
        return QueueStats(
            waiting=row["waiting"],
            active=row["active"],
            paused=row["paused"],
            workers=row["workers"],
            slots=row["slots"],
            estimated_wait_seconds=waiting,
        )

    async def estimate(self, job_id: UUID) -> Estimate:
        """Where the job stands in its queue, and in how many seconds it should start. A started job: position 0."""
        async with self._pool.connection() as connection:
            cursor = connection.cursor(row_factory=dict_row)
            await cursor.execute(sql("jobs_ahead"), {"job_id": job_id, "count_limit": COUNT_LIMIT})
            job = await cursor.fetchone()
            if job is None:
                return Estimate(position=0, position_at_least=None, seconds=0.0, reason=None)
            row = await _stats(connection, job["queue"])
        ahead = job["ahead"]
        is_exact = ahead < COUNT_LIMIT
        nobody = row["workers"] == 0
        return Estimate(
            position=ahead + 1 if is_exact else None,
            position_at_least=None if is_exact else COUNT_LIMIT,
            seconds=None if nobody else max(job["due_in_seconds"], _wait_seconds(ahead, row)),
            reason="no_workers" if nobody else None,
        )

    async def pause(self, queue: str | None = None) -> None:
        """Claim nothing more from the queue; what runs, runs on."""
        await self._set_paused(queue or self._name, paused=True)

    async def resume(self, queue: str | None = None) -> None:
        """Claim from the queue again."""
        await self._set_paused(queue or self._name, paused=False)
        self._hints.ready(queue or self._name)

    async def limit(
        self,
        queue: str | None = None,
        *,
        max_waiting: int | Unset | None = UNSET,
        max_running: int | Unset | None = UNSET,
        starts: int | Unset | None = UNSET,
        per_seconds: float | None = None,
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
        }
        async with self._pool.connection() as connection:
            await connection.execute(sql("ensure_queue"), {"queue": name})
            cursor = connection.cursor(row_factory=dict_row)
            row = await (await cursor.execute(sql("limit_queue"), parameters)).fetchone()
        assert row is not None
        self._hints.ready(name)
        return row

    async def _set_paused(self, queue: str, *, paused: bool) -> None:
        async with self._pool.connection() as connection:
            await connection.execute(sql("ensure_queue"), {"queue": queue})
            await connection.execute(sql("pause"), {"queue": queue, "paused": paused})

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


def _encode(args: Mapping[str, Any]) -> str:
    text = json.dumps(args, allow_nan=False)
    if len(text.encode()) > MAX_ARGS_BYTES:
        raise ArgsTooLarge(len(text.encode()), limit=MAX_ARGS_BYTES)
    return text


async def _read(connection: AsyncConnection[Any], job_ids: Sequence[UUID], user_id: UUID | None) -> list[JobSnapshot]:
    if not job_ids:
        return []
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(sql("read_jobs"), {"job_ids": list(job_ids), "user_id": user_id})
    return [JobSnapshot(**{**row, "state": JobState(row["state"])}) for row in await cursor.fetchall()]


async def _stats(connection: AsyncConnection[Any], queue: str) -> dict[str, Any]:
    cursor = connection.cursor(row_factory=dict_row)
    await cursor.execute(sql("stats"), {"queue": queue, "count_limit": STATS_COUNT_LIMIT})
    row = await cursor.fetchone()
    assert row is not None
    return row


def _wait_seconds(ahead: int, row: Mapping[str, Any]) -> float:
    """Whole rounds of slots before a free one, each as long as the mean of the latest runs; 0 while a slot is idle."""
    run_seconds = row["run_seconds"] if row["run_seconds"] is not None else UNMEASURED_RUN_SECONDS
    rounds = math.ceil(max(0, ahead + row["active"] - row["slots"] + 1) / max(1, row["slots"]))
    return float(rounds * run_seconds)


def _first(row: Any) -> Any:
    """The one column of a row, whatever row factory the caller's connection has."""
    return next(iter(row.values())) if isinstance(row, Mapping) else row[0]
