"""Taking jobs: exactly as many as can start now, and making due ones ready to be taken."""

from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from pgqueue.job import ClaimedJob
from pgqueue.queries import sql


async def claim(pool: AsyncConnectionPool, *, queue: str, worker_id: UUID, limit: int) -> list[ClaimedJob]:
    """Up to `limit` jobs, best first, that are this worker's from now on; none while its lease has lapsed."""
    parameters = {"queue": queue, "limit": limit, "worker_id": worker_id}
    async with pool.connection() as connection:
        rows = await (await connection.execute(sql("claim"), parameters)).fetchall()
    return [
        ClaimedJob(id=job_id, attempt=attempt, kind=kind, args=args.encode(), failures=failures)
        for job_id, attempt, kind, args, failures in rows
    ]


async def promote(pool: AsyncConnectionPool, *, queue: str) -> float | None:
    """Make due jobs ready; seconds until the next one is due (0: some just were), None when none is scheduled."""
    async with pool.connection() as connection:
        promoted = await connection.execute(sql("promote"), {"queue": queue})
        if promoted.rowcount > 0:
            return 0.0
        row = await (await connection.execute(sql("next_due"), {"queue": queue})).fetchone()
    return None if row is None or row[0] is None else max(0.0, row[0])
