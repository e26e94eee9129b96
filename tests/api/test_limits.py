"""What a user may not do more of: the status, the sentence, and when to come back."""

from collections.abc import AsyncIterator

import pytest
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette

from api_scene import body, calling, know_aapl, person, running_app
from described_answers import BREAKS
from queue_scene import count

pytestmark = pytest.mark.anyio
PATH = "/api/backtest/queue"


@pytest.fixture
async def app(database_url: str, pool: AsyncConnectionPool) -> AsyncIterator[Starlette]:
    await know_aapl(pool)
    async with running_app(database_url) as app:
        yield app


async def test_the_daily_quota_is_429_until_midnight_utc(app: Starlette, pool: AsyncConnectionPool) -> None:
    async with calling(app, await person(pool, per_day=2)) as client:
        for _ in range(2):
            assert (await client.post(PATH, json=body())).status_code == 200
        refused = await client.post(PATH, json=body())
    assert refused.status_code == 429
    assert refused.json()["code"] == "daily_quota_reached"
    assert refused.json()["detail"].startswith("Daily quota: all 2 jobs of today are used.")
    assert 0 < int(refused.headers["Retry-After"]) <= 86_400


async def test_a_key_that_is_replayed_takes_nothing_of_the_quota(app: Starlette, pool: AsyncConnectionPool) -> None:
    async with calling(app, await person(pool, per_day=1)) as client:
        answers = [await client.post(PATH, json=body(), headers={"Idempotency-Key": "k"}) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert len({answer.json()["jobId"] for answer in answers}) == 1


async def test_an_answer_tells_what_is_left_of_the_day_after_that_job(
    app: Starlette, pool: AsyncConnectionPool
) -> None:
    key = {"Idempotency-Key": "k"}
    async with calling(app, await person(pool, per_day=5)) as client:
        answers = [await client.post(PATH, json=body(), headers=headers) for headers in (key, {}, key)]

    assert [answer.headers["RateLimit"].split('"jobs";')[1].split(";")[0] for answer in answers] == [
        "r=4",
        "r=3",
        "r=3",
    ]


async def test_a_job_that_is_in_is_answered_200_though_the_days_rest_cannot_be_told(
    app: Starlette, pool: AsyncConnectionPool
) -> None:
    key = {"Idempotency-Key": "k"}
    async with calling(app, await person(pool, per_day=5)) as client:
        added = await client.post(PATH, json=body(), headers=key)
        async with pool.connection() as connection:
            await connection.execute("revoke select on pgqueue.plans from pgqueue_api")
        again = await client.post(PATH, json=body(), headers=key)
        none = await client.post(PATH, json=body(), extensions={BREAKS: True})

    assert (again.status_code, again.json()["jobId"]) == (200, added.json()["jobId"])
    assert "jobs" not in again.headers["RateLimit"]
    # A new one is not in: what it is and what is left of the day are told together, or nothing is.
    assert none.status_code == 500
    assert await count(pool, "select count(*) from pgqueue.jobs") == 1


async def test_requeues_count(app: Starlette, pool: AsyncConnectionPool) -> None:
    async with calling(app, await person(pool, per_day=1)) as client:
        job = (await client.post(PATH, json=body())).json()["jobId"]
        assert (await client.delete(f"{PATH}/{job}")).status_code == 200
        # Cancelled before it started, so the day has it back; the second requeue is one too many.
        again = await client.post(f"{PATH}/{job}/requeue")
        assert again.status_code == 200
        assert (await client.post(f"{PATH}/{job}/requeue")).status_code == 429


async def test_too_many_waiting_jobs_are_429(app: Starlette, pool: AsyncConnectionPool) -> None:
    async with calling(app, await person(pool, concurrent=1, waiting=1)) as client:
        statuses = [(await client.post(PATH, json=body())).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


async def test_no_credits_left_is_402(app: Starlette, pool: AsyncConnectionPool) -> None:
    async with pool.connection() as connection:
        await connection.execute("update pgqueue.plans set credits_per_job = 5")
    async with calling(app, await person(pool)) as client:
        refused = await client.post(PATH, json=body())
    assert refused.status_code == 402
    assert refused.json()["code"] == "credits_used_up"
    assert "takes 5" in refused.json()["detail"]


async def test_a_full_queue_is_503_for_everyone(app: Starlette, pool: AsyncConnectionPool) -> None:
    async with calling(app, await person(pool)) as client:
        assert (await client.post(PATH, json=body())).status_code == 200
        async with pool.connection() as connection:
            await connection.execute("update pgqueue.queues set max_waiting = 1, waiting = 1")
        refused = await client.post(PATH, json=body())
    assert refused.status_code == 503
    assert refused.json()["code"] == "queue_full"
    assert int(refused.headers["Retry-After"]) > 0
