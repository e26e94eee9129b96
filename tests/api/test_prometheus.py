"""What is scraped: closed by default, right whichever process is asked, honest when the database is away."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse
from psycopg_pool import AsyncConnectionPool
from starlette.applications import Starlette

from api import accounts
from api_scene import Person, body, calling, know_aapl, person, running_app
from described_answers import BREAKS
from pgqueue.job import Outcome
from queue_scene import still_worker

pytestmark = pytest.mark.anyio

QUEUE = "/api/backtest/queue"
FOUR = ["waiting", "completed", "failed", "total"]


@pytest.fixture
async def app(database_url: str, pool: AsyncConnectionPool) -> AsyncIterator[Starlette]:
    await know_aapl(pool)
    async with running_app(database_url) as app:
        yield app


@pytest.fixture
async def watcher(pool: AsyncConnectionPool) -> Person:
    """Whoever scrapes: a key with that scope and no other."""
    who = await person(pool)
    async with pool.connection() as connection:
        await connection.execute("update api.users set is_admin = true where id = %s", (who.user_id,))
        _, key = await accounts.create_key(connection, who.user_id, scopes=["metrics"])
    return Person(who.user_id, key)


async def scrape(client: httpx.AsyncClient) -> dict[str, Metric]:
    answer = await client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return {family.name: family for family in parse(answer.text)}


def value(families: dict[str, Metric], name: str, **labels: str) -> float:
    (found,) = [
        sample.value for family in families.values() for sample in family.samples
        if sample.name == name and labels.items() <= sample.labels.items()
    ]  # fmt: skip
    return float(found)


async def test_nobody_scrapes_without_a_credential_of_that_scope(
    app: Starlette, pool: AsyncConnectionPool, watcher: Person
) -> None:
    async with calling(app) as client:
        assert (await client.get("/metrics")).status_code == 401
    async with calling(app, await person(pool)) as client:
        assert (await client.get("/metrics")).status_code == 403
    async with calling(app, watcher) as client:
        assert (await client.get("/metrics")).status_code == 200
        assert (await client.get(QUEUE)).status_code == 403


async def test_the_four_old_names_are_gauges_without_labels_and_right(
    app: Starlette, pool: AsyncConnectionPool, watcher: Person
) -> None:
    async with calling(app, await person(pool)) as client:
        for _ in range(4):
            assert (await client.post(QUEUE, json=body())).status_code == 200
    worker = await still_worker(pool)
    await worker.end(await worker.claim_one())
    await worker.end(await worker.claim_one(), Outcome.FAILED, permanent=True)
    await worker.claim_one()
    await tallied(pool)

    async with calling(app, watcher) as client:
        families = await scrape(client)

    assert [families[f"backtest_queue_{name}_count"].type for name in FOUR] == ["gauge"] * 4
    assert [families[f"backtest_queue_{name}_count"].samples[0].labels for name in FOUR] == [{}] * 4
    assert [value(families, f"backtest_queue_{name}_count") for name in FOUR] == [1, 1, 1, 4]
    assert value(families, "backtest_jobs_finished_total", outcome="completed") == 1
    assert value(families, "backtest_jobs", state="processing") == 1
    assert value(families, "backtest_workers", status="working") == 1
    assert value(families, "backtest_job_run_seconds_count") == 2
    assert value(families, "backtest_job_run_seconds_bucket", le="+Inf") == 2
    assert value(families, "backtest_metrics_scrape_error") == 0


async def tallied(pool: AsyncConnectionPool) -> None:
    async with pool.connection() as connection:
        await connection.execute("select pgqueue.tally('backtest', '0 seconds')")


async def test_two_processes_tell_the_same_of_the_queue(
    database_url: str, app: Starlette, pool: AsyncConnectionPool, watcher: Person
) -> None:
    async with calling(app, await person(pool)) as client:
        await client.post(QUEUE, json=body())
    await tallied(pool)
    async with running_app(database_url) as other, calling(app, watcher) as one, calling(other, watcher) as two:
        told = [
            {
                name: family.samples
                for name, family in (await scrape(client)).items()
                if any("queue" in sample.labels for sample in family.samples)
            }
            for client in (one, two)
        ]
    for each in told:
        # With nothing due before it, the time of the look itself.
        each.pop("backtest_worker_oldest_heartbeat_timestamp_seconds", None)

    assert told[0] == told[1]
    assert told[0]


async def test_requests_are_counted_by_route_and_never_by_id(
    app: Starlette, pool: AsyncConnectionPool, watcher: Person
) -> None:
    async with calling(app, await person(pool)) as client:
        accepted: Any = (await client.post(QUEUE, json=body())).json()
        await client.get(accepted["links"]["self"])
        await client.get("/nowhere/at/all")
        await client.request("BREW", QUEUE)
    async with calling(app, watcher) as client:
        families = await scrape(client)
        text = (await client.get("/metrics")).text

    counted = "backtest_http_requests_total"
    assert value(families, counted, route=f"{QUEUE}/{{job_id}}", method="GET", status="200") == 1
    assert value(families, counted, route=QUEUE, method="POST") == 1
    assert value(families, counted, route="none", method="GET", status="404") == 1
    assert value(families, counted, route=QUEUE, method="other") == 1
    assert accepted["jobId"] not in text
    assert "nowhere" not in text


async def test_a_fault_of_ours_is_counted_like_any_answer(
    app: Starlette, pool: AsyncConnectionPool, watcher: Person
) -> None:
    async with calling(app, await person(pool)) as client:
        queue, app.state.queue = app.state.queue, None
        await client.get(QUEUE, extensions={BREAKS: True})
        app.state.queue = queue
    async with calling(app, watcher) as client:
        families = await scrape(client)

    assert value(families, "backtest_http_requests_total", route=QUEUE, method="GET", status="500") == 1


async def test_openmetrics_is_spoken_to_who_asks_for_it(app: Starlette, watcher: Person) -> None:
    async with calling(app, watcher) as client:
        answer = await client.get("/metrics", headers={"Accept": "application/openmetrics-text; version=1.0.0"})

    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    families = parse_openmetrics(answer.text)  # type: ignore[no-untyped-call]
    assert {family.name for family in families} > {"backtest_queue_waiting_count"}


async def test_many_scrapes_at_once_ask_the_database_once(app: Starlette, watcher: Person) -> None:
    looks = 0
    look = app.state.scraper._look

    async def counted() -> Any:
        nonlocal looks
        looks += 1
        return await look()

    app.state.scraper._look = counted
    async with calling(app, watcher) as client:
        await asyncio.gather(*(client.get("/metrics") for _ in range(20)))

    assert looks <= 2


async def test_a_database_that_is_away_is_said_to_be_and_does_not_blind(
    database_url: str, pool: AsyncConnectionPool, watcher: Person, server_url: str
) -> None:
    async with running_app(database_url, pool_seconds=0.5) as app, calling(app, watcher) as client:
        await scrape(client)
        app.state.scraper._seen_at = -1000.0
        await app.state.pool.close()
        families = await scrape(client)

    assert value(families, "backtest_metrics_scrape_error") == 1
    assert not [name for name in families if name.startswith("backtest_queue")]
    assert "backtest_http_requests" in families


async def test_while_the_database_is_away_only_a_credential_that_was_good_and_stayed_so_scrapes(
    database_url: str, pool: AsyncConnectionPool, watcher: Person
) -> None:
    revoked = await key_of_a_watcher(pool, watcher)
    async with running_app(database_url, pool_seconds=0.5) as app, calling(app) as client:
        # A page's session, which every request without a header would be taken for.
        begun = await client.post("/api/session", headers=watcher.headers)
        assert begun.status_code == 200
        assert (await client.get("/metrics")).status_code == 200
        assert (await client.get("/metrics", headers=watcher.headers)).status_code == 200
        assert (await client.get("/metrics", headers=revoked.headers)).status_code == 200
        async with pool.connection() as connection:
            await connection.execute("update api.api_keys set revoked_at = now() where prefix = %s", [revoked.key[:12]])
        assert (await client.get("/metrics", headers=revoked.headers)).status_code == 401
        await app.state.pool.close()
        cookie = (await client.get("/metrics")).status_code
        client.cookies.clear()
        nobody = (await client.get("/metrics")).status_code
        found = [(await client.get("/metrics", headers=who.headers)).status_code for who in (watcher, revoked)]

    assert (cookie, nobody, found) == (503, 401, [200, 503])


async def key_of_a_watcher(pool: AsyncConnectionPool, watcher: Person) -> Person:
    async with pool.connection() as connection:
        _, key = await accounts.create_key(connection, watcher.user_id, scopes=["metrics"])
    return Person(watcher.user_id, key)


async def test_what_keeps_the_queues_facts_away_is_logged(
    app: Starlette, watcher: Person, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken() -> Any:
        raise ZeroDivisionError

    app.state.scraper._look = broken
    async with calling(app, watcher) as client:
        families = await scrape(client)

    assert value(families, "backtest_metrics_scrape_error") == 1
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [ZeroDivisionError]
