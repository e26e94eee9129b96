"""The views that older SQL reads: its columns, and the same truth as the API tells."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette

from api.wording import _WORDS
from api_scene import Person, body, calling, know_aapl, person, running_app
from pgqueue import Outcome
from queue_scene import StillWorker, still_worker

pytestmark = pytest.mark.anyio
QUEUE = "/api/backtest/queue"
# As older statements name them.
COLUMNS = {
    "backtest_jobs": (
        "job_id, user_id, strategy_id, status, progress, current_step, message, priority, result, error, created_at,"
        " updated_at"
    ),
    "backtest_progress": "job_id, user_id, status, progress, current_step, message, error, created_at, updated_at",
    "backtest_results": "job_id, user_id, strategy_id, result, metrics, created_at, updated_at",
}


@pytest.fixture
async def app(database_url: str, pool: AsyncConnectionPool) -> AsyncIterator[Starlette]:
    await know_aapl(pool)
    async with running_app(database_url) as app:
        yield app


@pytest.fixture
async def me(pool: AsyncConnectionPool) -> Person:
    return await person(pool)


@pytest.fixture
async def client(app: Starlette, me: Person) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(app, me) as client:
        yield client


async def read(pool: AsyncConnectionPool, view: str) -> list[dict[str, Any]]:
    """As older SQL does: the view's bare name, found by the search path."""
    async with pool.connection() as connection, connection.transaction():
        await connection.execute("set local search_path = api, public")
        cursor = connection.cursor(row_factory=dict_row)
        query: Any = f"select {COLUMNS[view]} from {view} order by job_id"
        return list(await (await cursor.execute(query)).fetchall())


async def submit(client: httpx.AsyncClient) -> UUID:
    return UUID((await client.post(QUEUE, json=body())).json()["jobId"])


async def report(pool: AsyncConnectionPool, job_id: UUID, percent: int, step: str | None) -> None:
    async with pool.connection() as connection:
        await connection.execute(
            "update pgqueue.progress set percent = %s, step = %s, seq = seq + 1 where job_id = %s",
            (percent, step, job_id),
        )


async def test_a_view_says_of_every_job_what_the_api_says(
    client: httpx.AsyncClient, pool: AsyncConnectionPool, me: Person
) -> None:
    worker: StillWorker = await still_worker(pool)
    jobs = [await submit(client) for _ in range(7)]
    await worker.end(await worker.claim_one(), summary='{"metrics": null}')
    await worker.end(await worker.claim_one(), Outcome.FAILED, permanent=True)
    await client.delete(f"{QUEUE}/{jobs[2]}")
    for step, percent in ((None, 0), ("simulate", 67), ("custom", 3)):
        await report(pool, (await worker.claim_one()).id, percent, step)
    await client.delete(f"{QUEUE}/{jobs[5]}")

    rows = await read(pool, "backtest_jobs")

    assert [row["job_id"] for row in rows] == jobs
    for row in rows:
        told = (await client.get(f"{QUEUE}/{row['job_id']}")).json()
        assert (row["status"], row["progress"]) == (told["status"], told["progress"])
        assert row["current_step"] == row["message"] == told["currentStep"]
        assert (str(row["user_id"]), row["strategy_id"]) == (str(me.user_id), told["strategyId"])
        assert (row["priority"], row["error"]) == (told["priority"], told.get("error"))
        assert row["updated_at"].isoformat(timespec="milliseconds").replace("+00:00", "Z") == told["updatedAt"]
    assert [row["status"] for row in rows].count("processing") == 3
    assert [row["status"] for row in await read(pool, "backtest_progress")] == [row["status"] for row in rows]


@pytest.mark.parametrize("step", ["load", "indicators", "simulate", "save"])
async def test_a_step_is_worded_as_the_api_words_it(
    client: httpx.AsyncClient, pool: AsyncConnectionPool, step: str
) -> None:
    job_id = await submit(client)
    await (await still_worker(pool)).claim_one()
    await report(pool, job_id, 1, step)

    (row,) = await read(pool, "backtest_progress")

    assert row["current_step"] == _WORDS["en"][step]


async def test_results_have_the_metrics_and_go_with_their_jobs(
    client: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    job_id = await submit(client)
    worker = await still_worker(pool)
    await worker.end(await worker.claim_one(), summary='{"metrics": {"sharpeRatio": 1.5}}')

    (row,) = await read(pool, "backtest_results")
    (job,) = await read(pool, "backtest_jobs")

    assert (row["job_id"], row["metrics"]) == (job_id, {"sharpeRatio": 1.5})
    assert job["result"] == row["result"]


async def test_jobs_of_other_kinds_are_not_backtests(app: Starlette, pool: AsyncConnectionPool) -> None:
    await app.state.queue.enqueue("email", {})

    assert await read(pool, "backtest_jobs") == []


async def test_the_views_are_read_with_the_readers_own_rights_and_granted_to_nobody(pool: AsyncConnectionPool) -> None:
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "select relname, 'security_invoker=true' = any(reloptions), has_table_privilege('public', oid, 'select')"
            "  from pg_class where relkind = 'v' and relnamespace = 'api'::regnamespace order by 1"
        )
        rows = await cursor.fetchall()

    assert rows == [(name, True, False) for name in sorted(COLUMNS)]
