"""A user's history: each filter by itself and together, by page; and where waiting jobs stand, all at once."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette

from api_scene import BODY, Person, body, calling, know_aapl, person, running_app
from pgqueue import Queue, search
from queue_scene import still_worker

pytestmark = pytest.mark.anyio
QUEUE, JOBS = "/api/backtest/queue", "/api/backtest/jobs"
SWEEP = BODY | {"grid": {"fast": [5, 10]}}


@pytest.fixture
async def app(database_url: str, pool: AsyncConnectionPool) -> AsyncIterator[Starlette]:
    await know_aapl(pool)
    async with pool.connection() as connection:
        await connection.execute("insert into engine.symbols (symbol, name, timezone) values ('MSFT', 'M', 'UTC')")
        await connection.execute(
            "insert into engine.series (symbol, timeframe, first_time, last_time, bars, adjusted, close_only, source)"
            " values ('MSFT', '1d', '1990-01-02Z', '2022-12-28Z', 8313, true, true, 'test')"
        )
    async with running_app(database_url) as app:
        yield app


@pytest.fixture
async def me(pool: AsyncConnectionPool) -> Person:
    return await person(pool)


@pytest.fixture
async def client(app: Starlette, me: Person) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(app, me) as client:
        yield client


async def add(client: httpx.AsyncClient, path: str = QUEUE, sent: dict[str, Any] = BODY) -> str:
    answer = await client.post(path, json=sent)
    assert answer.status_code == 200, answer.text
    added: str = answer.json()["jobId"]
    return added


async def listed(client: httpx.AsyncClient, **asked: Any) -> list[str]:
    """Ids of all pages, in order."""
    found, path = [], str(httpx.URL(JOBS, params=asked))
    while path:
        answer = await client.get(path)
        assert answer.status_code == 200, answer.text
        found += [job["jobId"] for job in answer.json()["jobs"]]
        path = answer.json()["next"]
    return found


async def test_each_filter_finds_its_own_newest_first(client: httpx.AsyncClient, pool: AsyncConnectionPool) -> None:
    first = await add(client)
    sweep = await add(client, "/api/backtest/sweeps", SWEEP)
    other = await add(client, sent=body(symbol="MSFT") | {"strategyId": "rsi-reversion"})
    cancelled = await add(client)
    await client.delete(f"{QUEUE}/{cancelled}")
    worker = await still_worker(pool)
    job = await worker.claim_one()
    assert str(job.id) == first
    rsi = (await client.get(f"{QUEUE}/{other}")).json()

    assert await listed(client) == [cancelled, other, sweep, first]
    assert await listed(client, status="processing,cancelled") == [cancelled, first]
    assert await listed(client, status="waiting") == [other, sweep]
    assert await listed(client, kind="sweep") == [sweep]
    assert await listed(client, symbol="MSFT") == [other]
    assert await listed(client, strategyId=rsi["strategyId"]) == [other]
    assert await listed(client, q=rsi["strategyName"][1:].upper()) == [other]
    assert await listed(client, q="no such name") == []
    assert await listed(client, status="waiting,cancelled", symbol="AAPL", kind="backtest") == [cancelled]


async def test_a_strategy_named_without_a_snapshot_is_found_by_its_name(
    client: httpx.AsyncClient, app: Starlette, me: Person
) -> None:
    queue: Queue = app.state.queue
    added = await queue.enqueue("backtest", {"strategy": "sma-cross"}, user_id=me.user_id)

    assert await listed(client, q="SMA-") == [str(added.job_id)]


async def test_since_and_until_are_of_when_a_job_was_created(
    client: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    job = await add(client)
    at = datetime.fromisoformat((await client.get(f"{QUEUE}/{job}")).json()["createdAt"])
    before, after = at - timedelta(seconds=5), at + timedelta(seconds=5)

    assert await listed(client, since=before.isoformat(), until=after.isoformat()) == [job]
    assert await listed(client, since=after.isoformat()) == []
    assert await listed(client, until=before.astimezone(UTC).isoformat()) == []


async def test_pages_hold_every_job_once_though_few_are_looked_at(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = [await add(client, sent=body(symbol="MSFT" if number in (0, 6) else "AAPL")) for number in range(9)]
    monkeypatch.setattr(search, "LOOK_AT", 4)

    assert await listed(client, limit=2) == added[::-1]
    assert await listed(client, limit=2, symbol="MSFT") == [added[6], added[0]]
    first = (await client.get(JOBS, params={"symbol": "none"})).json()
    assert (first["jobs"], first["next"] is None) == ([], False)


A_STATUS = "must be one of waiting, processing, completed, failed, cancelled, or several with commas between"
A_TIME = "must be a time with its offset, such as 2024-01-31T09:30:00Z"


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("status", "waiting,gone", A_STATUS),
        ("status", "", A_STATUS),
        ("limit", "201", "must be at most 200"),
        ("limit", "0", "must be at least 1"),
        ("limit", "some", "must be a whole number"),
        ("since", "2020-01-01T00:00:00", A_TIME),
        ("since", "yesterday", A_TIME),
        ("q", "a\0b", "must not be blank or hold a NUL character"),
        ("q", "", "must not be empty"),
        ("q", "a" * 101, "must have at most 100 characters"),
        ("standing", "perhaps", "must be true or false"),
        ("cursor", "x", "must be a cursor that a list gave"),
    ],
)
async def test_what_cannot_be_asked_is_400_at_its_name_and_says_what_can(
    client: httpx.AsyncClient, name: str, value: str, message: str
) -> None:
    answer = await client.get(JOBS, params={name: value})

    assert answer.status_code == 400
    assert answer.json()["details"] == [{"path": name, "message": message}]


async def test_all_waiting_jobs_stand_where_each_says_that_it_stands(app: Starlette, pool: AsyncConnectionPool) -> None:
    """Ready, held back by the plan, and due later; behind another user's."""
    me, other = await person(pool, concurrent=3), await person(pool, concurrent=2)
    worker = await still_worker(pool)
    async with calling(app, other) as client:
        for _ in range(4):
            await add(client)
    await worker.claim_one()
    async with calling(app, me) as client:
        for number in range(7):
            await add(client, sent=BODY | {"priority": 1 + number})
        later = datetime.now(UTC) + timedelta(hours=1)
        await app.state.queue.enqueue("backtest", {}, user_id=me.user_id, run_at=later)
        together = (await client.get(JOBS, params={"standing": 1})).json()["jobs"]
        single = [(await client.get(f"{QUEUE}/{job['jobId']}")).json() for job in together]

    assert [job["position"] for job in together] == [job["position"] for job in single]
    assert [job.get("reason") for job in together] == [job.get("reason") for job in single]
    waits = [[job["estimatedWaitTime"] for job in found] for found in (together, single)]
    # What runs has less left by the time the last one is asked for.
    assert all(0 <= mine - alone <= 60 for mine, alone in zip(*waits, strict=True)), waits
    assert len({job["position"] for job in together}) > 5


async def test_nobody_is_told_where_what_no_longer_waits_stands(client: httpx.AsyncClient) -> None:
    waiting = await add(client)
    ended = await add(client)
    await client.delete(f"{QUEUE}/{ended}")
    told = {job["jobId"]: job for job in (await client.get(JOBS, params={"standing": "true"})).json()["jobs"]}
    plain = (await client.get(JOBS)).json()["jobs"]

    assert told[waiting]["reason"] == "no_workers"
    assert "position" not in told[ended]
    assert not [job for job in plain if "position" in job]
