"""The scene of administrators' tests: who operates, and jobs of others that wait or failed."""

from typing import Any
from uuid import UUID

import httpx
from psycopg_pool import AsyncConnectionPool

from api import accounts
from api_scene import Person, body, person
from pgqueue import Outcome
from queue_scene import StillWorker

QUEUE, ADMIN = "/api/backtest/queue", "/api/admin"


async def administrator(pool: AsyncConnectionPool, role: str = "admin") -> Person:
    someone = await person(pool)
    async with pool.connection() as connection:
        await accounts.set_role(connection, someone.user_id, role)
    return someone


async def submit(client: httpx.AsyncClient, **changes: Any) -> str:
    answer = await client.post(QUEUE, json=body(**changes))
    assert answer.status_code == 200, answer.text
    return str(answer.json()["jobId"])


async def fail(worker: StillWorker, message: str) -> UUID:
    job = await worker.claim_one()
    await worker.end(job, Outcome.FAILED, error={"type": "Broken", "message": message}, permanent=True)
    return job.id
