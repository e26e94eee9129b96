"""How runs end: handed over by executors, written in batches under the fence."""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from pgqueue import frames
from pgqueue.errors import LeaseLost
from pgqueue.job import ClaimedJob, JobState, Outcome
from pgqueue.outage import is_away, loudness, reason
from pgqueue.queries import sql
from pgqueue.retry import delay_seconds

CRASH_LIMIT = 3
"""A job that took its child down three times would take down a fourth: it is set aside as failed."""
SNOOZE_LIMIT = 1000
"""A job that is never ready to run would otherwise write its attempts for ever."""
SNOOZED_TOO_OFTEN = json.dumps(
    {
        "type": "SnoozedTooOften",
        "message": f"The job asked {SNOOZE_LIMIT:,} times to be run later. Look at what it waits for, then requeue it.",
    }
)
BATCH_BYTES = 32 * 1024 * 1024
BATCH_JOBS = 500
RETRY_SECONDS = 0.5

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of one attempt. error: {"message", "type", maybe "traceback"}; the bytes are the handler's, as sent."""

    job_id: UUID
    attempt: int
    outcome: Outcome
    error: dict[str, Any] | None = None
    permanent: bool = False
    delay_seconds: float = 0.0
    summary: str | None = None
    preview: bytes | None = None
    detail: bytes | None = None

    @property
    def size(self) -> int:
        return len(self.summary or "") + len(self.preview or b"") + len(self.detail or b"")


class Ended(NamedTuple):
    """limited: the job counted towards its user's limit, so another of his may have become ready."""

    state: JobState
    limited: bool


@dataclass(frozen=True, slots=True)
class _Request:
    endings: Sequence[Ending]
    written: asyncio.Future[Mapping[UUID, Ended]]


def completed(job: ClaimedJob, body: bytes) -> Ending:
    """body: of a RESULT frame."""
    summary, preview, detail = frames.unpack_result(body)
    return Ending(job.id, job.attempt, Outcome.COMPLETED, summary=summary.decode(), preview=preview, detail=detail)


def raised(job: ClaimedJob, error: dict[str, Any]) -> Ending:
    """error: as the child described what the handler raised."""
    permanent = error.pop("permanent")
    delay = delay_seconds(job.failures)
    return Ending(job.id, job.attempt, Outcome.FAILED, error=error, permanent=permanent, delay_seconds=delay)


def failed(
    job: ClaimedJob, kind: str, message: str, *, permanent: bool = False, figures: Mapping[str, float] | None = None
) -> Ending:
    error = {"type": kind, "message": message, **({"figures": figures} if figures else {})}
    delay = delay_seconds(job.failures)
    return Ending(job.id, job.attempt, Outcome.FAILED, error=error, permanent=permanent, delay_seconds=delay)


def snoozed(job: ClaimedJob, seconds: float, reason: str | None) -> Ending:
    said = {"type": "Snoozed", "message": reason} if reason else None
    return Ending(job.id, job.attempt, Outcome.SNOOZED, error=said, delay_seconds=seconds)


def crashed(job: ClaimedJob, message: str) -> Ending:
    return Ending(job.id, job.attempt, Outcome.CRASHED, error={"type": "Crashed", "message": message})


class Endings:
    """Writes endings: all that arrived while the last batch was being committed go together in the next."""

    def __init__(self, pool: AsyncConnectionPool, worker_id: UUID) -> None:
        self._pool = pool
        self.worker_id = worker_id
        self._open: set[UUID] = set()
        self._arrived: asyncio.Queue[_Request] = asyncio.Queue()
        self._put_off: asyncio.Queue[_Request] = asyncio.Queue()

    @property
    def job_ids(self) -> AbstractSet[UUID]:
        """Of the jobs whose ending is not written yet."""
        return self._open

    async def write(self, endings: Sequence[Ending]) -> Mapping[UUID, Ended]:
        """What became of the jobs once it is committed; one that is missing had lost its lease: nothing was written."""
        request = _Request(endings, asyncio.get_running_loop().create_future())
        ids = {ending.job_id for ending in endings}
        self._open |= ids
        self._arrived.put_nowait(request)
        try:
            return await request.written
        finally:
            self._open -= ids

    async def run(self) -> None:
        """Write until cancelled. A database that is away is waited for: the fence decides what still counts."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._write_apart(), name="pgqueue endings put off")
            while True:
                requests = await self._gather()
                try:
                    await self._settle(requests)
                except (psycopg.Error, PoolTimeout) as error:
                    _warn(error, requests)
                    if is_away(error):
                        await self._write_through(requests)
                    else:
                        self._put_all_off(requests)

    async def _gather(self) -> list[_Request]:
        requests = [await self._arrived.get()]
        count, size = _extent(requests[0])
        while not self._arrived.empty() and count < BATCH_JOBS and size < BATCH_BYTES:
            requests.append(self._arrived.get_nowait())
            more, larger = _extent(requests[-1])
            count, size = count + more, size + larger
        return requests

    async def _write_through(self, requests: Sequence[_Request]) -> None:
        while True:
            await asyncio.sleep(RETRY_SECONDS)
            try:
                return await self._settle(requests, again=True)
            except (psycopg.Error, PoolTimeout) as error:
                if not is_away(error):
                    _warn(error, requests)
                    return self._put_all_off(requests)

    def _put_all_off(self, requests: Sequence[_Request]) -> None:
        """Which of them it is about is found out apart: the others must not wait for it."""
        for request in requests:
            self._put_off.put_nowait(request)

    async def _write_apart(self) -> None:
        """One after the other, again and again: what is refused once more waits behind the others."""
        while True:
            request = await self._put_off.get()
            try:
                await self._settle([request], again=True)
            except (psycopg.Error, PoolTimeout):
                self._put_off.put_nowait(request)
                await asyncio.sleep(RETRY_SECONDS)

    async def _settle(self, requests: Sequence[_Request], *, again: bool = False) -> None:
        batch = [ending for request in requests for ending in request.endings]
        states = await self._write_batch(batch)
        missing = [ending for ending in batch if ending.job_id not in states]
        if again and missing:
            # The first time may have been committed, and only its answer was lost.
            states |= await self._written_before(missing)
        for request in requests:
            if not request.written.done():
                request.written.set_result(states)
        for ending in missing:
            if ending.job_id not in states:
                log.warning("%s", LeaseLost(ending.job_id, attempt=ending.attempt))

    async def _write_batch(self, endings: Sequence[Ending]) -> dict[UUID, Ended]:
        try:
            return await self._execute(endings)
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            if len(endings) == 1:
                return await self._execute([_unsavable(endings[0], error)])
        # One bad row must not take its neighbours along: each is tried alone.
        states: dict[UUID, Ended] = {}
        refusal: psycopg.Error | None = None
        for ending in endings:
            try:
                states |= await self._write_batch([ending])
            except psycopg.OperationalError:
                raise
            except psycopg.Error as error:
                refusal = error
        if refusal is not None:
            raise refusal
        return states

    async def _execute(self, endings: Sequence[Ending]) -> dict[UUID, Ended]:
        parameters = {
            "worker_id": self.worker_id,
            "crash_limit": CRASH_LIMIT,
            "snooze_limit": SNOOZE_LIMIT,
            "snoozed_too_often": SNOOZED_TOO_OFTEN,
            "job_ids": [e.job_id for e in endings],
            "attempts": [e.attempt for e in endings],
            "outcomes": [e.outcome.value for e in endings],
            "errors": [json.dumps(e.error) if e.error else None for e in endings],
            "permanent": [e.permanent for e in endings],
            "delays": [e.delay_seconds for e in endings],
            "summaries": [e.summary for e in endings],
            "previews": [e.preview for e in endings],
            "details": [e.detail for e in endings],
        }
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(sql("finish"), parameters)).fetchall()
        return {row[0]: Ended(JobState(row[1]), limited=row[2]) for row in rows}

    async def _written_before(self, endings: Sequence[Ending]) -> dict[UUID, Ended]:
        parameters = {
            "job_ids": [e.job_id for e in endings],
            "attempts": [e.attempt for e in endings],
            "outcomes": [e.outcome.value for e in endings],
        }
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(sql("ended_jobs"), parameters)).fetchall()
        return {row[0]: Ended(JobState(row[1]), limited=row[2]) for row in rows}


def _extent(request: _Request) -> tuple[int, int]:
    """How many jobs and bytes it brings."""
    return len(request.endings), sum(ending.size for ending in request.endings)


def _warn(error: Exception, requests: Sequence[_Request]) -> None:
    count = sum(len(request.endings) for request in requests)
    log.log(loudness(error), "endings wait for the database", extra={"count": count, "reason": reason(error)})


def _unsavable(ending: Ending, error: psycopg.Error) -> Ending:
    message = (
        f"The run ended, but its result could not be saved: {str(error).splitlines()[0]}. "
        "The result must be JSON without NUL characters; report this if it is."
    )
    return replace(
        ending,
        outcome=Outcome.FAILED,
        error={"type": type(error).__name__, "message": message},
        permanent=False,
        delay_seconds=2.0,
        summary=None,
        preview=None,
        detail=None,
    )
