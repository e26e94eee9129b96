"""Looking for jobs among many: every page by an index, and no job twice or never."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from psycopg import AsyncClientCursor
from psycopg_pool import AsyncConnectionPool

from pgqueue.overview import count_jobs, last_hour, list_queues, oldest_waiting
from pgqueue.queries import sql
from pgqueue.queue import Queue
from pgqueue.search import Criterion, JobSearch, Place, parameters_of, search, statement
from queue_scene import still_worker

pytestmark = pytest.mark.anyio
MANY = 50_000
SOMEONE = UUID(int=7)
SYMBOL = Criterion("args ->> 'symbol' = %(symbol)s", {"symbol": "RARE"}, is_indexed=True)


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    async with Queue(pool) as queue:
        yield queue


@pytest.fixture
async def many(pool: AsyncConnectionPool) -> None:
    """So many completed jobs, and among them ten that failed, ten of one user's, ten of another symbol."""
    async with pool.connection() as connection:
        await connection.execute(
            "insert into pgqueue.queues (name) values ('backtest') on conflict do nothing;"
            "insert into pgqueue.jobs"
            " (queue, kind, rank, turn, state, attempt, started_at, finished_at, error, user_id, args)"
            " select 'backtest', 'echo', 5, n, case when n % 5000 = 1 then 'failed' else 'completed' end, 1,"
            " now(), now(),"
            ' case when n % 5000 = 1 then \'{"message": "broken"}\'::jsonb end,'
            " case when n % 5000 = 2 then '00000000-0000-0000-0000-000000000007'::uuid else gen_random_uuid() end,"
            " jsonb_build_object('symbol', case when n % 5000 = 3 then 'RARE' else 'AAPL' end)"
            f" from generate_series(1, {MANY}) as n;"
            "analyze pgqueue.jobs"
        )


async def found(pool: AsyncConnectionPool, wanted: JobSearch, limit: int = 4) -> list[UUID]:
    """Of all pages."""
    ids: list[UUID] = []
    before: Place | None = None
    async with pool.connection() as connection:
        while True:
            page = await search(connection, wanted, before=before, limit=limit)
            ids += page.job_ids
            if page.following is None:
                return ids
            assert before is None or page.following.id < before.id
            before = page.following


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    "wanted",
    [
        JobSearch(status="failed"),
        JobSearch(error="BROKEN"),
        JobSearch(user_id=SOMEONE),
        JobSearch(criteria=[SYMBOL]),
    ],
    ids=["status", "error", "user", "args"],
)
async def test_the_pages_of_a_search_hold_every_job_once_newest_first(
    pool: AsyncConnectionPool, wanted: JobSearch
) -> None:
    ids = await found(pool, wanted)

    assert len(ids) == len(set(ids)) == MANY // 5_000
    assert ids == sorted(ids, reverse=True)


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize(
    "wanted",
    [
        JobSearch(), JobSearch(status="failed"), JobSearch(status="waiting"), JobSearch(status="processing"),
        JobSearch(error="broken"), JobSearch(user_id=SOMEONE), JobSearch(job_ids=[SOMEONE]),
        JobSearch(since=datetime.now(UTC) + timedelta(days=1)), JobSearch(criteria=[SYMBOL]),
    ],
)  # fmt: skip
async def test_no_search_reads_the_whole_table(pool: AsyncConnectionPool, wanted: JobSearch) -> None:
    parameters = parameters_of(wanted, None)
    async with pool.connection() as connection:
        cursor = AsyncClientCursor(connection)
        asked = cursor.mogrify(statement(wanted, parameters), {**parameters, "limit": 50, "look_at": 1_000})
        plan = await (await cursor.execute(f"explain {asked}")).fetchall()

    assert "Seq Scan on jobs" not in "\n".join(row[0] for row in plan)


async def test_a_time_is_a_place_among_the_ids(queue: Queue, pool: AsyncConnectionPool) -> None:
    first = (await queue.enqueue("echo", {})).job_id
    (job,) = await queue.read([first])
    moment = job.created_at

    assert await found(pool, JobSearch(since=moment - timedelta(seconds=1))) == [first]
    assert await found(pool, JobSearch(since=moment + timedelta(seconds=1))) == []
    assert await found(pool, JobSearch(until=moment + timedelta(seconds=1))) == [first]
    assert await found(pool, JobSearch(until=datetime(1900, 1, 1, tzinfo=UTC))) == []


@pytest.mark.usefixtures("many")
async def test_an_overview_of_many_counts_to_a_limit_and_says_so(queue: Queue, pool: AsyncConnectionPool) -> None:
    await still_worker(pool)
    await queue.enqueue("echo", {})
    async with pool.connection() as connection:
        counts, estimate = await count_jobs(connection)
        (backtest,) = await list_queues(connection)
        hour = await last_hour(connection)
        oldest = await oldest_waiting(connection)

    assert {(row["status"], row["jobs"]) for row in counts} == {("completed", 10_000), ("failed", 10), ("waiting", 1)}
    assert estimate == pytest.approx(MANY, rel=0.05)
    assert (backtest["waiting"], backtest["active"], backtest["slots"]) == (1, 0, 2)
    assert hour["jobs"] == 10_000
    assert hour["whole_from"] is not None
    assert oldest is not None
    assert 0 <= oldest < 60


async def test_an_hour_in_which_little_ended_is_not_looked_for_among_all_that_ever_did(
    queue: Queue, pool: AsyncConnectionPool
) -> None:
    await queue.enqueue("echo", {})
    async with pool.connection() as connection:
        cursor = AsyncClientCursor(connection)
        await connection.execute("set enable_seqscan = off")
        statement = cursor.mogrify(sql("summarize_hour"), {"count_limit": 10_000})
        plan = "\n".join(row[0] for row in await (await cursor.execute(f"explain {statement}")).fetchall())

    assert re.search(r"Index Cond: .*finished_at > ", plan), plan
