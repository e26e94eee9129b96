"""Taking jobs: exactly as many as can start now, and making due ones ready to be taken."""

from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from pgqueue.cursor import Cursor
from pgqueue.database import keeps_plans
from pgqueue.job import ClaimedJob, Due
from pgqueue.queries import sql

PASSED_OVER_SECONDS = 0.1


async def claim(
    pool: AsyncConnectionPool, *, queue: str, worker_id: UUID, limit: int, cursor: Cursor, is_capped: bool = False
) -> list[ClaimedJob]:
    """Up to `limit` jobs, best first, that are this worker's from now on; none while its lease has lapsed.

    cursor: where to look from; it is told what was found. is_capped: the queue limits what runs or starts, so claims go
    one after the other. A capped queue gives nothing to a claim that does not know it.
    """
    parameters = {
        "queue": queue,
        "limit": limit,
        "worker_id": worker_id,
        "reserved": is_capped,
        "heads": cursor.heads,
    }
    async with pool.connection() as connection:
        if not is_capped:
            return await _claim(connection, parameters, cursor)
        async with connection.transaction():
            await connection.execute(sql("lock_queue"), {"queue": queue})
            row = await (await connection.execute(sql("reserve_starts"), parameters)).fetchone()
            jobs = await _claim(connection, {**parameters, "limit": row[0]}, cursor) if row and row[0] else []
            if jobs:
                await connection.execute(sql("record_starts"), {"queue": queue, "started": len(jobs)})
            return jobs


async def _claim(connection: AsyncConnection, parameters: dict[str, object], cursor: Cursor) -> list[ClaimedJob]:
    rows = await (await connection.execute(sql("claim"), parameters, prepare=keeps_plans(connection))).fetchall()
    jobs = []
    for job_id, attempt, kind, args, failures, rank, turn in rows:
        cursor.note(rank, turn)
        jobs.append(ClaimedJob(id=job_id, attempt=attempt, kind=kind, args=args.encode(), failures=failures))
    return jobs


async def held_jobs(pool: AsyncConnectionPool, *, worker_id: UUID) -> list[tuple[UUID, int]]:
    """Ids and attempts of the jobs that are this worker's now."""
    async with pool.connection() as connection:
        rows = await (await connection.execute(sql("held_jobs"), {"worker_id": worker_id})).fetchall()
    return [(row[0], row[1]) for row in rows]


async def promote(pool: AsyncConnectionPool, *, queue: str) -> Due:
    """Make due jobs ready, and look at what comes next."""
    async with pool.connection() as connection:
        prepare = keeps_plans(connection)
        promoted = await connection.execute(sql("promote"), {"queue": queue}, prepare=prepare)
        row = await (await connection.execute(sql("next_due"), {"queue": queue}, prepare=prepare)).fetchone()
    assert row is not None
    if promoted.rowcount > 0:
        return Due(0.0, is_capped=row[1])
    # What is due and was passed over is somebody else's to promote, or its user's lane is locked.
    seconds = PASSED_OVER_SECONDS if row[0] is not None and row[0] <= 0 else row[0]
    return Due(seconds, is_capped=row[1])
