"""What there is to read of jobs: as they are now, their lists, their lives, their results."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from pgqueue.asking import Asking, ask, first, read_jobs
from pgqueue.job import HistoryEntry, JobSnapshot, JobState, StoredResult
from pgqueue.queries import sql
from pgqueue.search import JobSearch, list_page


class Reading(Asking):
    """The verbs that change nothing and ask of jobs."""

    async def read(self, job_ids: Sequence[UUID], *, user_id: UUID | None = None) -> list[JobSnapshot]:
        """These jobs as they are now, in id order; unknown ones, and with user_id other users', are left out."""
        async with self._pool.connection() as connection:
            return await read_jobs(connection, job_ids, user_id, self._user_role)

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
        return [first(row) for row in rows]

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
            cursor = await ask(connection, "result", parameters, user_id, self._user_role, binary=True)
            row = await cursor.fetchone()
        return None if row is None else StoredResult(**row)

    async def failed(
        self, *, queue: str | None = None, since: datetime | None = None, limit: int = 10_000
    ) -> Sequence[UUID]:
        """Ids of failed jobs that were not requeued yet, oldest first."""
        parameters = {"queue": queue or self._name, "since": since, "limit": limit}
        async with self._pool.connection() as connection:
            rows = await (await connection.execute(sql("failed_ids"), parameters)).fetchall()
        return [first(row) for row in rows]

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
            rows = await (await ask(connection, "list_ids", parameters, user_id, self._user_role)).fetchall()
            jobs = await read_jobs(connection, [first(row) for row in rows], user_id, self._user_role)
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
            jobs = await read_jobs(connection, ids, user_id)
        return jobs[::-1], following
