"""Clients in the field: what they send, and the members and types they read, through a real server."""

import re
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import httpx
import pytest
from psycopg_pool import AsyncConnectionPool

from api_scene import SMA, know_aapl, serving, stream
from described_answers import hold_to_the_document
from pgqueue import NOBODY, Queue
from queue_scene import still_worker

pytestmark = pytest.mark.anyio
QUEUE = "/api/backtest/queue"
WHO = {"x-user-id": "load-test-user-7"}
PARAMS = {"symbol": "AAPL", "startDate": "2020-01-01", "endDate": "2025-12-22", "initialCapital": 10000}
HEADLINE = {"sharpeRatio", "cagr", "maxDrawdown", "winRate", "totalTrades", "profitFactor"}


@pytest.fixture
async def client(database_url: str, pool: AsyncConnectionPool) -> AsyncIterator[httpx.AsyncClient]:
    await know_aapl(pool)
    async with pool.connection() as connection:
        await connection.execute("update pgqueue.plans set per_day = null")
    async with (
        serving(database_url, trust_user_id_header=True) as (server, _),
        httpx.AsyncClient(base_url=server.url, headers=WHO, event_hooks={"response": [hold_to_the_document]}) as client,
    ):
        yield client


@pytest.mark.parametrize(
    "sent",
    [
        {"strategyId": SMA, "params": PARAMS, "priority": 5},
        {"strategyId": SMA, "params": PARAMS, "priority": 10, "userId": "somebody else", "plan": "pro", "type": "x"},
        {"strategyId": "test", "params": PARAMS},
        {"strategyId": "test-strategy", "params": PARAMS | {"symbol": "aapl", "timeframe": "1d"}},
        {"strategyId": SMA, "symbol": "AAPL", "timeframe": "1d", "startDate": "2020-01-01", "endDate": "2021-01-01"},
        {"strategyId": SMA, "symbol": None, "startDate": "2020-01-01", "endDate": "2021-01-01", "priority": 1},
        {"strategyId": "test", "startDate": "2020-01-01", "endDate": "2021-01-01"},
    ],
)
async def test_every_form_in_the_field_is_queued_for_the_same_user_and_strategy(
    client: httpx.AsyncClient, sent: dict[str, Any]
) -> None:
    answer = await client.post(QUEUE, json=sent)

    said = answer.json()
    assert (answer.status_code, said["status"]) == (200, "queued")
    job = (await client.get(QUEUE, params={"jobId": said["jobId"]})).json()
    assert (job["strategyId"], job["symbol"], job["initialCapital"]) == (SMA, "AAPL", 10000)
    assert job["priority"] == sent.get("priority", 5)


async def test_a_run_is_followed_from_queue_to_metrics_with_what_old_pages_read(
    client: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    before = (await client.get(QUEUE)).json()
    job_id = (await client.post(QUEUE, json={"strategyId": SMA, "params": PARAMS})).json()["jobId"]
    worker = await still_worker(pool)
    told = (await client.get(QUEUE)).json()
    run = await worker.claim_one()
    running = await client.get(QUEUE, params={"jobId": job_id})
    summary = '{"metrics": {"sharpeRatio": null, "cagr": 0.1, "maxDrawdown": -0.2, "winRate": 0.5, "totalTrades": 3,'
    await worker.end(run, summary=f'{summary} "profitFactor": null}}, "metricNotes": {{"sharpeRatio": "NO_TRADES"}}}}')
    done = await client.get(QUEUE, params={"jobId": job_id})

    assert (before["waiting"], before["active"], before["estimatedWaitTime"]) == (0, 0, None)
    assert (told["waiting"], told["active"], type(told["estimatedWaitTime"])) == (1, 0, int)
    assert (running.json()["status"], running.headers["retry-after"]) == ("processing", "2")
    assert (done.json()["status"], done.json()["progress"]) == ("completed", 100)
    assert done.json()["metrics"].keys() == HEADLINE
    assert done.json()["metricNotes"] == {"sharpeRatio": "NO_TRADES"}
    assert "retry-after" not in done.headers
    for name in ("createdAt", "updatedAt"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", done.json()[name])
        assert datetime.fromisoformat(done.json()[name])


async def test_a_stream_tells_the_same_members_as_the_poll(
    client: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    job_id = (await client.post(QUEUE, json={"strategyId": SMA, "params": PARAMS})).json()["jobId"]
    worker = await still_worker(pool)
    await worker.end(await worker.claim_one())
    polled = (await client.get(f"{QUEUE}/{job_id}")).json()

    async with stream(str(client.base_url), f"{QUEUE}/{job_id}/events", WHO) as open_one:
        hello, final = await open_one.rest()

    assert (hello.event, hello.data["recovered"]) == ("hello", True)
    # What was asked for is long known to who follows it: it is said where somebody looks at one job.
    assert final.data == {name: value for name, value in polled.items() if name not in ("request", "parameters")}


async def test_ten_of_one_rank_deep_the_position_is_exact_and_a_thousand_deep_at_least(
    client: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    async with Queue(pool) as queue:
        await queue.enqueue_many("echo", [{}] * 1_000, user_id=NOBODY, tier=2, priority=10)
        job = (await client.post(QUEUE, json={"strategyId": SMA, "params": PARAMS})).json()
        assert (job["position"], job["positionAtLeast"], job["reason"]) == (None, 1000, "no_workers")
        worker = await still_worker(pool)
        await worker.claim(990)
    again = (await client.get(QUEUE, params={"jobId": job["jobId"]})).json()

    assert again["position"] == 11
    assert "positionAtLeast" not in again


@pytest.mark.parametrize("path", [QUEUE, "/api/backtest/jobs", f"{QUEUE}/nonsense", "/api/symbols"])
async def test_who_is_nobody_is_told_how_to_be_somebody(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers={"x-user-id": "", "Authorization": "Bearer none"})

    assert (answer.status_code, answer.json()["error"]) == (401, "Unauthorized")
    assert answer.headers["www-authenticate"].startswith("Bearer")
