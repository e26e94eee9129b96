"""What a user is told of plan, limits and credits; and that a refusal says the same."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette

from api_scene import BODY, Person, calling, know_aapl, person, running_app
from queue_scene import still_worker

pytestmark = pytest.mark.anyio
QUEUE = "/api/backtest/queue"


@pytest.fixture
async def app(database_url: str, pool: AsyncConnectionPool) -> AsyncIterator[Starlette]:
    await know_aapl(pool)
    async with running_app(database_url) as app:
        yield app


async def account(app: Starlette, who: Person) -> dict[str, Any]:
    async with calling(app, who) as client:
        told: dict[str, Any] = (await client.get("/api/account")).json()
    return told


async def enqueue(app: Starlette, who: Person, count: int = 1) -> tuple[int, dict[str, Any]]:
    """Status and body of the last answer."""
    async with calling(app, who) as client:
        for _ in range(count):
            answer = await client.post(QUEUE, json=BODY)
    return answer.status_code, answer.json()


async def test_running_waiting_and_todays_jobs_are_counted_as_they_come_and_go(
    app: Starlette, pool: AsyncConnectionPool
) -> None:
    me = await person(pool, concurrent=2, per_day=7, waiting=5)
    await enqueue(app, me, 4)
    worker = await still_worker(pool)
    job = await worker.claim_one()
    one_runs = await account(app, me)
    await worker.end(job)
    ended = await account(app, me)

    assert (one_runs["plan"], one_runs["userId"]) == ("free", str(me.user_id))
    assert one_runs["concurrent"] == {"limit": 2, "running": 1}
    assert one_runs["waiting"] == {"limit": 5, "waiting": 3}
    jobs = one_runs["jobs"]
    assert (jobs["limit"], jobs["used"], jobs["left"]) == (7, 4, 3)
    assert (ended["concurrent"]["running"], ended["waiting"]["waiting"], ended["jobs"]["used"]) == (0, 3, 4)
    assert (ended["credits"], ended["refusal"]) == (None, None)


async def test_the_day_ends_at_midnight_utc_here_and_in_the_refusal(app: Starlette, pool: AsyncConnectionPool) -> None:
    me = await person(pool, per_day=1)
    before = datetime.now(UTC)
    await enqueue(app, me)
    status, refused = await enqueue(app, me)
    told = await account(app, me)

    midnights = {(day + timedelta(days=1)).strftime("%Y-%m-%dT00:00:00.000Z") for day in (before, datetime.now(UTC))}
    assert (status, refused["code"], refused["limit"]) == (429, "daily_quota_reached", 1)
    assert {refused["resetsAt"], told["jobs"]["resetsAt"]} <= midnights
    assert told["refusal"] == refused["code"]


@pytest.mark.parametrize(
    ("limits", "statement", "status", "code", "facts"),
    [
        ({"concurrent": 1, "waiting": 1}, None, 429, "too_many_waiting", {"limit": 1}),
        (
            {},
            "update pgqueue.plans set credits_per_job = 3; update pgqueue.accounts set available = 6",
            402,
            "credits_used_up",
            {"needed": 3},
        ),
        ({}, "update pgqueue.queues set max_waiting = 2", 503, "queue_full", {"limit": 2}),
    ],
)
async def test_a_refusal_is_told_before_it_comes_with_the_same_code(
    app: Starlette,
    pool: AsyncConnectionPool,
    limits: dict[str, int],
    statement: str | None,
    status: int,
    code: str,
    facts: dict[str, int],
) -> None:
    me = await person(pool, "free", **limits)
    await app.state.queue.limit(starts=None)
    async with pool.connection() as connection:
        for each in (statement or "").split("; "):
            if each:
                await connection.execute(each.encode())
    added, _ = await enqueue(app, me, 2)
    async with pool.connection() as connection:
        # Counted about a second after an enqueue; this is what will be counted.
        await connection.execute("update pgqueue.queues set waiting = 2")

    told = await account(app, me)
    refused = await enqueue(app, me)

    assert added == 200
    assert (told["refusal"], refused[0], refused[1]["code"]) == (code, status, code)
    assert {name: refused[1][name] for name in facts} == facts


async def test_credits_are_told_while_they_count(app: Starlette, pool: AsyncConnectionPool) -> None:
    me = await person(pool)
    async with pool.connection() as connection:
        await connection.execute("update pgqueue.plans set credits_per_job = 3")
        await connection.execute("update pgqueue.accounts set available = 10")
    await enqueue(app, me)

    assert (await account(app, me))["credits"] == {"available": 7, "held": 3, "perJob": 3}
