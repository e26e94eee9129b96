"""How jobs come into the queue: one at a time, many by one COPY, a repeated request once."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg import AsyncConnection

from pgqueue.asking import Asking, ask, ask_together
from pgqueue.bulk import Bulk
from pgqueue.errors import BatchTooLarge
from pgqueue.job import NOBODY, Enqueued, Estimate, Quota
from pgqueue.outage import loudness, reason
from pgqueue.transaction import MAX_RETRIES, async_driver, encode, parameters, read_answer

MAX_BATCH = 100_000
BULK_HINTS = 1_000
"""Of a bulk's jobs, so many are told of at once; whoever watches the others finds them by polling."""

log = logging.getLogger(__name__)


class Enqueueing(Asking):
    """The verbs that add jobs."""

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
        gets no hint: a poll finds its job within a second. is_estimated: say where the job stands, too, with the reason
        `unknown` where that could not be read any more; and what is left of the user's jobs of today.
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
            if is_estimated and user_id != NOBODY:
                enqueued = await self._enqueue_and_count(own, asked)
            else:
                enqueued = await self._enqueue(own, asked, self._user_role)
            if enqueued.created:
                self._waiting.enqueued(queue)
                self._hints.ready(queue)
                self._hints.changed(enqueued.job_id)
            return await self._with_estimate(own, enqueued) if is_estimated else enqueued

    async def find_repeat(
        self, idempotency_key: str, request_hash: bytes, *, user_id: UUID, tier: int | None = None
    ) -> Enqueued | None:
        """The job that the key has made already, estimated as by enqueue; None when it is new.

        Raises IdempotencyConflict.
        """
        asked = {
            "queue": self._name,
            "user_id": user_id,
            "idempotency_key": idempotency_key,
            "request_hash": request_hash,
        }
        async with self._pool.connection() as connection:
            row = await (await ask(connection, "find_repeat", asked, user_id, self._user_role)).fetchone()
            if row is None:
                return None
            return await self._with_quota(connection, read_answer(row, asked), user_id, tier)

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
        return read_answer(await (await ask(connection, "enqueue", asked, user_id, role)).fetchone(), asked)

    async def _enqueue_and_count(self, connection: AsyncConnection[Any], asked: Mapping[str, Any]) -> Enqueued:
        """The job and what is left of its user's jobs of today, in one transaction and one round trip."""
        user_id = asked["user_id"]
        together = {"enqueue": asked, "quota": self._of_quota(user_id, asked["tier"])}
        added, quota = await ask_together(connection, together, user_id, self._user_role)
        enqueued = read_answer(await added.fetchone(), asked)
        return replace(enqueued, quota=Quota.of_row(await quota.fetchone()))

    async def _with_quota(
        self, connection: AsyncConnection[Any], enqueued: Enqueued, user_id: UUID | None, tier: int | None
    ) -> Enqueued:
        """The same, and what enqueue says of it with its estimate; as little an error as that."""
        enqueued = await self._with_estimate(connection, enqueued)
        if user_id is None:
            return enqueued
        try:
            asked = self._of_quota(user_id, tier)
            row = await (await ask(connection, "quota", asked, user_id, self._user_role)).fetchone()
        except psycopg.Error as error:
            log.log(loudness(error), "daily quota not told", extra={"reason": reason(error)})
            return enqueued
        return replace(enqueued, quota=Quota.of_row(row))

    def _of_quota(self, user_id: UUID, tier: int | None) -> dict[str, Any]:
        return {"user_id": user_id, "tier": tier, "queue": self._name}

    async def _with_estimate(self, connection: AsyncConnection[Any], enqueued: Enqueued) -> Enqueued:
        """The same, and where it stands. What is committed is never answered with an error: that asks for it twice."""
        try:
            estimate = await self._estimator.of_job(connection, enqueued.job_id)
        except psycopg.Error as error:
            log.log(loudness(error), "enqueued, but not estimated", extra={"reason": reason(error)})
            estimate = Estimate(position=None, position_at_least=None, seconds=None, reason="unknown")
        return replace(enqueued, estimate=estimate)
