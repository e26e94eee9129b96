"""All queues at a glance, for those who watch over them. Every figure is read to a limit and says so."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from pgqueue.job import JobState
from pgqueue.queries import sql

COUNTED = 10_000
"""Of each state, and of an hour's jobs in each queue."""

Row = Mapping[str, Any]


async def list_queues(connection: AsyncConnection[Any]) -> Sequence[Row]:
    """Each queue by name: its limits, what waits and runs, live workers and slots, as in sql/list_queues.sql."""
    return await _rows(connection, "list_queues", count_limit=COUNTED)


async def list_workers(connection: AsyncConnection[Any]) -> Sequence[Row]:
    """The workers that hold a lease now, oldest first, as in sql/list_workers.sql."""
    return await _rows(connection, "list_workers")


async def list_attempts(connection: AsyncConnection[Any], job_id: UUID) -> Sequence[Row]:
    """The job's ended attempts, in order."""
    return await _rows(connection, "list_attempts", job_id=job_id)


async def list_requeued_as(connection: AsyncConnection[Any], job_id: UUID, *, limit: int = 100) -> list[UUID]:
    """The jobs that were made from this one, oldest first."""
    return [row["id"] for row in await _rows(connection, "list_requeued_as", job_id=job_id, limit=limit)]


async def count_jobs(connection: AsyncConnection[Any]) -> tuple[list[Row], int | None]:
    """Jobs by status and tier, and, where there are more than are counted, about how many jobs there are in all."""
    counts: dict[tuple[str, int], int] = {}
    most: dict[str, int] = {}
    estimate = 0
    for row in await _rows(connection, "count_jobs", count_limit=COUNTED):
        status = JobState(row["state"]).status
        counts[status, row["tier"]] = counts.get((status, row["tier"]), 0) + row["jobs"]
        most[row["state"]] = most.get(row["state"], 0) + row["jobs"]
        estimate = row["estimate"]
    is_exact = all(jobs < COUNTED for jobs in most.values())
    shown: list[Row] = [
        {"status": status, "tier": tier, "jobs": jobs} for (status, tier), jobs in sorted(counts.items())
    ]
    return shown, None if is_exact else max(estimate, sum(counts.values()))


async def oldest_waiting(connection: AsyncConnection[Any]) -> float | None:
    """For how many seconds the oldest due job has waited; None when none waits."""
    (row,) = await _rows(connection, "oldest_waiting")
    return None if row["seconds"] is None else float(row["seconds"])


async def last_hour(connection: AsyncConnection[Any]) -> Row:
    """jobs, wait and run as [p50, p95, p99] seconds or None, minutes as [minute, completed, failed, cancelled].

    whole_from: where a queue ended more than COUNTED jobs, the moment from which all of them are among these.
    """
    (row,) = await _rows(connection, "summarize_hour", count_limit=COUNTED)
    return row


async def _rows(connection: AsyncConnection[Any], verb: str, **parameters: Any) -> Sequence[Row]:
    cursor = connection.cursor(row_factory=dict_row)
    return await (await cursor.execute(sql(verb), parameters)).fetchall()
