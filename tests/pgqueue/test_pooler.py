"""Behind a transaction pooler everything works, by polling: no prepared statement, no session state, no LISTEN."""

import asyncio
import json
import logging
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import pytest
from psycopg_pool import AsyncConnectionPool

from api_scene import body, calling, know_aapl, person, running_app
from pgqueue import migrate
from pgqueue.database import open_pool
from pgqueue.job import JobState
from pgqueue.queue import Queue
from pgqueue.schema_version import head
from pgqueue.watch import watch
from pooler_scene import transaction_pooler
from queue_scene import count, running_worker, violations, wait_final, wait_for

pytestmark = pytest.mark.anyio


@pytest.fixture
def pooler_url(database_url: str) -> Iterator[str]:
    with transaction_pooler(database_url) as url:
        yield url


@pytest.fixture
async def queue(pooler_url: str) -> AsyncIterator[Queue]:
    async with open_pool(pooler_url, size=4, application_name="pgqueue api") as pool, Queue(pool) as queue:
        yield queue


async def test_jobs_are_enqueued_run_and_read_and_their_progress_is_seen(
    pooler_url: str, queue: Queue, pool: AsyncConnectionPool, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        async with running_worker(pooler_url, slots=2, progress_seconds=0.05):
            ids = [(await queue.enqueue("echo", {"n": n})).job_id for n in range(30)]
            ids += await queue.enqueue_many("echo", [{"n": n} for n in range(30)])
            slow = (await queue.enqueue("steps", {"steps": 100, "seconds": 5})).job_id
            seen = await wait_for(pooler_url, queue, slow, lambda job: 0 < job.percent < 100)
            async with asyncio.timeout(120):
                async for job in watch(pooler_url, queue, [*ids, slow]):
                    assert not job.is_final or job.state is JobState.COMPLETED
            result = await queue.result(ids[0])

    assert seen.step == "stepping"
    assert result is not None
    assert result.summary == {"echo": {"n": 0}}
    assert await count(pool, "select count(*) from pgqueue.results") == 61
    assert await violations(pool) == []
    # The worker's listener and those of the watches, each saying it once.
    assert {record.message for record in caplog.records} == {
        "pgqueue listener: a transaction pooler stands in between and no notification comes through it; polling instead"
    }


async def test_the_api_enqueues_and_relays_by_polling(pooler_url: str, pool: AsyncConnectionPool, queue: Queue) -> None:
    await know_aapl(pool)
    somebody = await person(pool)
    async with running_app(pooler_url) as app, calling(app, somebody) as client:
        made = await client.post("/api/backtest/queue", json=body())
        read = await client.get(f"/api/backtest/queue/{made.json()['jobId']}")
        ready = await client.get("/readyz")

    assert (made.status_code, read.status_code) == (200, 200)
    assert read.json()["status"] == "waiting"
    assert ready.json() == {"status": "ok", "mode": "poll"}


async def test_nothing_of_ours_stays_in_the_sessions_that_others_are_given(
    pooler_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    """A limit set for a session would be that of whoever is given the session next."""
    async with running_worker(pooler_url):
        await wait_final(pooler_url, queue, (await queue.enqueue("echo", {})).job_id)
        async with open_pool(pooler_url, size=1) as other, other.connection() as connection:
            cursor = await connection.execute(
                "select current_setting('statement_timeout'),"
                " (select count(*) from pg_prepared_statements), (select count(*) from pg_listening_channels())"
            )
            assert await cursor.fetchone() == ("0", 0, 0)


def test_the_command_line_migrates_enqueues_and_examines(pooler_url: str, database_url: str) -> None:
    environment = {**os.environ, "DATABASE_URL": pooler_url}

    def pgqueue(*words: str) -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-m", "pgqueue", *words]
        return subprocess.run(command, env=environment, check=False, capture_output=True, text=True, timeout=120)

    migrate.downgrade(database_url, "base")
    migrated = pgqueue("migrate")
    stats = pgqueue("queue", "stats", "--json")
    examined = pgqueue("doctor", "--json")

    assert (migrated.returncode, migrate.current(database_url)) == (0, head()), migrated.stderr
    assert json.loads(stats.stdout)["waiting"] == 0
    found = {finding["check"]: finding for finding in map(json.loads, examined.stdout.splitlines())}
    assert found["pooler"]["found"].startswith("a pooler stands in between")
