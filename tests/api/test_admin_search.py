"""Operators find a job by whatever they know of it, and see its whole life."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette

from admin_scene import ADMIN, QUEUE, administrator, fail, submit
from api_scene import Person, calling, know_aapl, person, running_app
from pgqueue import Outcome
from queue_scene import still_worker

pytestmark = pytest.mark.anyio


@pytest.fixture
async def app(database_url: str, pool: AsyncConnectionPool) -> AsyncIterator[Starlette]:
    await know_aapl(pool)
    async with running_app(database_url) as app:
        yield app


@pytest.fixture
async def me(pool: AsyncConnectionPool) -> Person:
    return await person(pool, "basic")


@pytest.fixture
async def client(app: Starlette, me: Person) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(app, me) as client:
        yield client


@pytest.fixture
async def admin(app: Starlette, pool: AsyncConnectionPool) -> AsyncIterator[httpx.AsyncClient]:
    async with calling(app, await administrator(pool)) as client:
        yield client


async def found(admin: httpx.AsyncClient, **query: object) -> list[str]:
    answer = await admin.get(f"{ADMIN}/jobs", params={name: str(value) for name, value in query.items()})
    assert answer.status_code == 200, answer.text
    return [job["jobId"] for job in answer.json()["jobs"]]


async def test_the_box_takes_what_an_operator_has_at_hand(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, pool: AsyncConnectionPool, me: Person
) -> None:
    failed = await submit(client)
    await fail(await still_worker(pool), "division of 7 by zero")
    waiting = await submit(client)
    both = [waiting, failed]

    async def typed(text: str) -> tuple[str, list[str]]:
        answer = (await admin.get(f"{ADMIN}/jobs", params={"q": text})).json()
        return answer["readAs"], [job["jobId"] for job in answer["jobs"]]

    assert await typed(waiting) == ("jobId", [waiting])
    assert await typed(f" {waiting.upper()} ") == ("jobId", [waiting])
    assert await typed(str(me.user_id)) == ("userId", both)
    assert await typed(str(uuid4())) == ("userId", [])
    assert await typed(waiting[:26]) == ("jobIdPrefix", [waiting])
    # Ids that begin with the same eight digits are of the same minute or so.
    begun = [job_id for job_id in both if job_id[:8] == waiting[:8]]
    assert await typed(waiting[:8]) == ("jobIdPrefix", begun)
    assert await typed("aapl") == ("symbol", both)
    assert await typed("MSFT") == ("text", [])
    assert await typed("BY ZERO") == ("text", [failed])
    assert await typed("crossover") == ("text", both)
    assert (await admin.get(f"{ADMIN}/jobs", params={"status": "failed"})).json()["readAs"] is None
    assert await found(admin, q="aapl", status="failed") == [failed]
    assert await found(admin, q=me.user_id, userId=uuid4()) == []
    assert await found(admin, q=waiting, jobId=failed) == []


async def test_what_is_asked_must_all_hold(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    failed = await submit(client)
    await fail(await still_worker(pool), "broken")
    waiting = await submit(client)
    again = str((await client.post(f"{QUEUE}/{failed}/requeue")).json()["jobId"])

    assert await found(admin, plan="basic") == [again, waiting, failed]
    assert await found(admin, plan="pro") == []
    assert await found(admin, requeuedFrom=failed) == [again]
    assert await found(admin, strategy="sma CROSS") == [again, waiting, failed]
    assert await found(admin, strategy="%") == []
    assert await found(admin, symbol="AAPL", status="waiting") == [again, waiting]
    assert await found(admin, symbol="AAPL", status="failed") == [failed]
    assert await found(admin, symbol="AAPL", error="BROKEN") == [failed]
    assert await found(admin, symbol="AAPL") == [again, waiting, failed]
    assert await found(admin, symbol="aapl") == []


async def test_waiting_has_its_parts(admin: httpx.AsyncClient, app: Starlette, pool: AsyncConnectionPool) -> None:
    limited = await person(pool, concurrent=2)
    async with calling(app, limited) as theirs:
        tried = await submit(theirs)
        worker = await still_worker(pool)
        await worker.end(await worker.claim_one(), Outcome.FAILED, error={"type": "Broken", "message": "not yet"})
        ready = [await submit(theirs) for _ in range(2)]
        held = await submit(theirs)
    assert tried in await found(admin, status="scheduled")

    assert await found(admin, status="retrying") == [tried]
    assert await found(admin, status="scheduled") == [tried]
    assert await found(admin, status="held") == [held]
    assert await found(admin, status="ready") == ready[::-1]
    assert await found(admin, status="waiting") == [held, *ready[::-1], tried]
    shown = (await admin.get(f"{ADMIN}/jobs", params={"status": "retrying"})).json()["jobs"][0]
    assert (shown["status"], shown["state"], shown["retrying"], shown["error"]) == (
        "waiting", "scheduled", True, "not yet",
    )  # fmt: skip


async def test_by_its_end_the_last_to_end_comes_first_page_by_page(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    worker = await still_worker(pool)
    ids = [await submit(client) for _ in range(5)]
    claimed = {str(job.id): job for job in await worker.claim(5)}
    ended = [ids[number] for number in (2, 0, 4, 1)]
    for job_id in ended:
        await worker.end(claimed[job_id])
    now = datetime.now(UTC)

    pages, path = list[list[str]](), f"{ADMIN}/jobs?finishedSince=2020-01-01T00:00:00Z&limit=2"
    while path:
        answer = (await admin.get(path)).json()
        pages.append([job["jobId"] for job in answer["jobs"]])
        path = answer["next"]

    assert [one for page in pages for one in page] == ended[::-1]
    assert await found(admin, finishedSince=(now + timedelta(hours=1)).isoformat()) == []
    assert await found(admin, finishedUntil=(now + timedelta(hours=1)).isoformat(), symbol="AAPL") == ended[::-1]
    assert await found(admin, finishedUntil="2020-01-01T00:00:00Z") == []


async def test_a_jobs_life_is_told_with_who_did_what(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    job_id = await submit(client)
    worker = await still_worker(pool)
    await worker.end(await worker.claim_one(), Outcome.CRASHED, error={"type": "Crash", "message": "killed"})
    await fail(worker, "no more")
    again = (await admin.post(f"{ADMIN}/jobs/{job_id}/requeue")).json()

    seen = (await admin.get(f"{ADMIN}/jobs/{job_id}")).json()
    made = (await admin.get(f"{ADMIN}/jobs/{again['jobId']}")).json()

    events = [(event["event"], event["attempt"]) for event in seen["events"]]
    assert events == [
        ("enqueued", None), ("started", 1), ("run_crashed", 1), ("started", 2), ("run_failed", 2), ("ended", None),
        ("requeued", None),
    ]  # fmt: skip
    assert seen["events"][-1]["actor"].startswith("admin ")
    assert (seen["requeuedAs"], made["requeuedFrom"], made["requeuedAs"]) == ([again["jobId"]], job_id, [])
    assert seen["links"]["self"] == f"{ADMIN}/jobs/{job_id}"
    assert (await admin.get(seen["links"]["self"])).status_code == 200


async def test_an_operator_opens_the_result_of_anyones_job_and_its_owner_alone_the_other_way(
    admin: httpx.AsyncClient, client: httpx.AsyncClient, pool: AsyncConnectionPool
) -> None:
    job_id = await submit(client)
    early = await admin.get(f"{ADMIN}/jobs/{job_id}/result")
    worker = await still_worker(pool)
    await worker.end(await worker.claim_one(), detail=b"", summary="{}")

    theirs = await admin.get(f"{QUEUE}/{job_id}/result")
    removed = await admin.get(f"{ADMIN}/jobs/{job_id}/result")
    never = await admin.get(f"{ADMIN}/jobs/{uuid4()}/result")

    assert (early.status_code, early.json()["code"]) == (409, "wrong_state")
    assert (theirs.status_code, removed.status_code, never.status_code) == (404, 410, 404)


@pytest.mark.parametrize(
    "query",
    [
        "plan=gold",
        "status=ended",
        "requeuedFrom=x",
        "finishedSince=noon",
        "q=",
        "q=%20",
        "q=%00",
        "strategy=",
        "jobIds=1",
    ],
)
async def test_what_cannot_be_looked_for_is_400_at_its_place(admin: httpx.AsyncClient, query: str) -> None:
    answer = await admin.get(f"{ADMIN}/jobs?{query}")

    assert (answer.status_code, answer.json()["details"][0]["path"]) == (400, query.split("=", maxsplit=1)[0])


@pytest.mark.parametrize(
    ("query", "said"),
    [
        (
            "status=foo",
            (
                "must be 'waiting', 'processing', 'completed', 'failed', 'cancelled', 'scheduled', 'held', 'ready' or"
                " 'retrying'"
            ),
        ),
        ("jobId=foo", "must be an id, such as 123e4567-e89b-12d3-a456-426614174000"),
        ("since=noon", "must be a time with its offset, such as 2024-01-31T09:30:00Z"),
        ("until=2022-12-28T09:30:00", "must be a time with its offset, such as 2024-01-31T09:30:00Z"),
        ("q=%20", "must not be blank or hold a NUL character"),
        (f"queue={'x' * 101}", "must have at most 100 characters"),
        ("symbol=", "must not be empty"),
        ("colour=red", "is not known here; leave it out"),
    ],
)
async def test_what_may_be_looked_for_instead_is_said_in_one_sentence(
    admin: httpx.AsyncClient, query: str, said: str
) -> None:
    answer = (await admin.get(f"{ADMIN}/jobs?{query}")).json()

    assert [detail["message"] for detail in answer["details"]] == [said]
