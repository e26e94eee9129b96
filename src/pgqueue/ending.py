"""How runs end: handed over by executors, written in batches under the fence."""

import asyncio
import json
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from pgqueue.errors import LeaseLost
from pgqueue.job import JobState, Outcome
from pgqueue.outage import loudness, reason
from pgqueue.queries import sql

CRASH_LIMIT = 3
"""A job that took its child down three times would take down a fourth: it is set aside as failed."""
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


class Endings:
    """Writes endings: all that arrived while the last batch was being committed go together in the next."""

    def __init__(self, pool: AsyncConnectionPool, worker_id: UUID) -> None:
        self._pool = pool
        self.worker_id = worker_id
        self._arrived: asyncio.Queue[tuple[Sequence[Ending], asyncio.Future[Mapping[UUID, JobState]]]] = asyncio.Queue()

    async def write(self, endings: Sequence[Ending]) -> Mapping[UUID, JobState]:
        """The jobs' new states once they are committed; one that is missing had lost its lease: nothing was written."""
        written: asyncio.Future[Mapping[UUID, JobState]] = asyncio.get_running_loop().create_future()
        self._arrived.put_nowait((endings, written))
        return await written

    async def run(self) -> None:
        """Write until cancelled. A database that is away is waited for: the fence decides what still counts."""
        while True:
            waiting = [await self._arrived.get()]
            batch = list(waiting[0][0])
            size = sum(ending.size for ending in batch)
            while not self._arrived.empty() and len(batch) < BATCH_JOBS and size < BATCH_BYTES:
                waiting.append(self._arrived.get_nowait())
                batch += waiting[-1][0]
                size += sum(ending.size for ending in waiting[-1][0])
            states = await self._write_through(batch)
            for _, written in waiting:
                if not written.done():
                    written.set_result(states)
            for ending in batch:
                if ending.job_id not in states:
                    log.warning("%s", LeaseLost(ending.job_id, attempt=ending.attempt))

    async def _write_through(self, endings: Sequence[Ending]) -> dict[UUID, JobState]:
        warned = False
        while True:
            try:
                return await self._write_batch(endings)
            except (psycopg.OperationalError, PoolTimeout) as error:
                if not warned:
                    log.log(
                        loudness(error),
                        "endings wait for the database",
                        extra={"count": len(endings), "reason": reason(error)},
                    )
                warned = True
                await asyncio.sleep(RETRY_SECONDS)

    async def _write_batch(self, endings: Sequence[Ending]) -> dict[UUID, JobState]:
        try:
            return await self._execute(endings)
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            if len(endings) == 1:
                return await self._execute([_unsavable(endings[0], error)])
        # One bad row must not take its neighbours along: each is tried alone.
        states: dict[UUID, JobState] = {}
        for ending in endings:
            states |= await self._write_batch([ending])
        return states

    async def _execute(self, endings: Sequence[Ending]) -> dict[UUID, JobState]:
        parameters = {
            "worker_id": self.worker_id,
            "crash_limit": CRASH_LIMIT,
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
        return {row[0]: JobState(row[1]) for row in rows}


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
