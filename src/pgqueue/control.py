"""What is done to jobs that are there: cancel, requeue, another priority, delete."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any
from uuid import UUID

from psycopg.errors import NoDataFound, ObjectNotInPrerequisiteState

from pgqueue.asking import ask
from pgqueue.enqueueing import Enqueueing
from pgqueue.errors import BatchTooLarge, JobNotFound, WrongState
from pgqueue.job import Cancelled, Enqueued, JobState
from pgqueue.many import BATCH, Acted, Action, act, tell
from pgqueue.queries import sql


class Control(Enqueueing):
    """The verbs that change jobs. A requeue adds another."""

    async def cancel(self, job_id: UUID, *, user_id: UUID | None = None, actor: str | None = None) -> Cancelled:
        """Cancel a waiting job at once, ask a running one to stop. JobNotFound; WrongState when it has ended."""
        async with self._pool.connection() as connection:
            asked = {"job_id": job_id, "user_id": user_id, "actor": self._acting(actor, user_id)}
            row = await (await ask(connection, "cancel", asked, user_id, self._user_role)).fetchone()
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
        idempotency_key: str | None = None,
        is_estimated: bool = False,
        actor: str | None = None,
    ) -> Enqueued:
        """Run a final job again, as a new job that names the old one. JobNotFound; WrongState while unfinished.

        tier, is_estimated: as in enqueue. The same key gives the new job once more. Raises IdempotencyConflict where it
        was another request's.
        """
        async with self._pool.connection() as connection:
            asked = {"job_id": job_id, "user_id": user_id}
            row = await (await ask(connection, "requeue", asked, user_id, self._user_role)).fetchone()
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
                    idempotency_key=idempotency_key,
                    request_hash=None if idempotency_key is None else sha256(b"requeue" + job_id.bytes).digest(),
                    requeued_from=job_id,
                    connection=connection,
                )
                if enqueued.created:
                    told = {"job_id": job_id, "requeued_as": enqueued.job_id, "actor": self._acting(actor, user_id)}
                    await connection.execute(sql("record_requeue"), told)
            if enqueued.created:
                self._waiting.enqueued(row["queue"])
                self._hints.ready(row["queue"])
                self._hints.changed(enqueued.job_id)
            return await self._with_quota(connection, enqueued, user_id, tier) if is_estimated else enqueued

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

    async def act_on_many(
        self,
        action: Action,
        job_ids: Sequence[UUID],
        *,
        priority: int | None = None,
        once: str | None = None,
        actor: str | None = None,
    ) -> Acted:
        """Requeue, cancel, delete or prioritize a batch of jobs, all in one transaction.

        Passes over jobs that are in no state for it and those that somebody else is changing. priority: to be theirs.
        once: of all who requeue and say the same, one alone runs a job again. At most BATCH, else BatchTooLarge.
        """
        if len(job_ids) > BATCH:
            raise BatchTooLarge(len(job_ids), limit=BATCH)
        async with self._pool.connection() as connection:
            rows = await act(connection, action, job_ids, actor=self._acting(actor), priority=priority, once=once)
        return tell(rows, action, hints=self._hints, waiting=self._waiting)
