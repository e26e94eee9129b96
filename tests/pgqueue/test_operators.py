"""SQL for operators and other languages: functions, views, and the removal of what is old."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from pgqueue.job import JobState, Outcome
from pgqueue.maintenance import Keep, prune
from pgqueue.queue import Queue
from queue_scene import StillWorker, count, expire_lease, read_one, set_plan, still_worker, violations

pytestmark = pytest.mark.anyio


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    async with Queue(pool) as queue:
        yield queue


async def ask(pool: AsyncConnectionPool, query: Any, *parameters: Any) -> list[dict[str, Any]]:
    async with pool.connection() as connection:
        cursor = connection.cursor(row_factory=dict_row)
        return await (await cursor.execute(query, parameters)).fetchall()


async def test_sql_enqueues_through_the_same_door(queue: Queue, pool: AsyncConnectionPool) -> None:
    (row,) = await ask(
        pool, "select pgqueue.enqueue('echo', '{\"a\": 1}', priority => 9, idempotency_key => 'k') as id"
    )
    job = await read_one(queue, row["id"])
    assert (job.kind, job.args, job.priority, job.state) == ("echo", {"a": 1}, 9, JobState.READY)

    (again,) = await ask(
        pool, "select pgqueue.enqueue('echo', '{\"a\": 1}', priority => 9, idempotency_key => 'k') as id"
    )
    assert again == row
    with pytest.raises(psycopg.errors.UniqueViolation, match="was used for job"):
        await ask(pool, "select pgqueue.enqueue('echo', '{\"a\": 2}', idempotency_key => 'k')")


async def test_sql_is_refused_with_a_sentence(pool: AsyncConnectionPool) -> None:
    await set_plan(pool, per_day=1)
    user = uuid4()
    await ask(pool, "select pgqueue.enqueue('echo', user_id => %s)", user)
    with pytest.raises(psycopg.errors.ConfigurationLimitExceeded, match="all 1 jobs of today are used"):
        await ask(pool, "select pgqueue.enqueue('echo', user_id => %s)", user)


async def test_sql_cancels_and_requeues(queue: Queue, pool: AsyncConnectionPool) -> None:
    job_id = (await queue.enqueue("echo", {"n": 1})).job_id
    assert await ask(pool, "select pgqueue.cancel(%s) as outcome", job_id) == [{"outcome": "cancelled"}]
    assert await ask(pool, "select pgqueue.cancel(%s) as outcome", job_id) == [{"outcome": "already"}]
    (row,) = await ask(pool, "select pgqueue.requeue(%s) as id", job_id)
    again = await read_one(queue, row["id"])
    assert (again.requeued_from, again.args, again.state) == (job_id, {"n": 1}, JobState.READY)
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="cannot requeue a job that is ready"):
        await ask(pool, "select pgqueue.requeue(%s)", row["id"])
    with pytest.raises(psycopg.errors.NoDataFound):
        await ask(pool, "select pgqueue.cancel(%s)", uuid4())


async def test_sql_pauses_and_resumes(queue: Queue, pool: AsyncConnectionPool) -> None:
    await queue.enqueue("echo", {})
    worker = await still_worker(pool)
    await ask(pool, "select pgqueue.pause()")
    assert await worker.claim() == []
    await ask(pool, "select pgqueue.resume()")
    assert len(await worker.claim()) == 1


async def busy_scene(queue: Queue, pool: AsyncConnectionPool) -> tuple[StillWorker, UUID]:
    """Of every state something."""
    await set_plan(pool, concurrent=1)
    user = uuid4()
    for _ in range(3):
        await queue.enqueue("echo", {}, user_id=user)
    for _ in range(3):
        await queue.enqueue("echo", {})
    worker = await still_worker(pool)
    done, failed, _running = await worker.claim(3)
    await worker.end(done)
    await worker.end(failed, Outcome.FAILED, permanent=True)
    return worker, user


async def test_every_view_answers(queue: Queue, pool: AsyncConnectionPool) -> None:
    await busy_scene(queue, pool)
    names = await ask(pool, "select viewname as name from pg_views where schemaname = 'pgqueue'")
    assert {row["name"] for row in names} == {
        "balances", "job_counts", "job_history", "live_workers", "queue_overview", "recent_runs", "stuck_jobs",
        "throughput_by_minute", "users_at_limit",
    }  # fmt: skip
    for row in names:
        await ask(pool, f"select * from pgqueue.{row['name']}")
    counts = {row["state"]: row["jobs"] for row in await ask(pool, "select * from pgqueue.job_counts")}
    assert counts["completed"] == 1
    assert counts["failed"] == 1
    assert counts["processing"] == 1
    (minute,) = await ask(pool, "select sum(completed) as c, sum(failed) as f from pgqueue.throughput_by_minute")
    assert (minute["c"], minute["f"]) == (1, 1)
    (runs,) = await ask(pool, "select * from pgqueue.recent_runs")
    assert runs["runs"] == 2
    assert 0 <= runs["wait_p50_s"] <= runs["wait_p95_s"]
    (worker,) = await ask(pool, "select * from pgqueue.live_workers")
    assert worker["running"] == 1
    (limited,) = await ask(pool, "select * from pgqueue.users_at_limit")
    assert (limited["used"], limited["slots"]) == (1, 1)


async def test_the_view_of_stuck_jobs_says_why(queue: Queue, pool: AsyncConnectionPool) -> None:
    worker, _ = await busy_scene(queue, pool)
    assert await ask(pool, "select * from pgqueue.stuck_jobs") == []
    await ask_nothing(
        pool, "update pgqueue.jobs set run_at = run_at - interval '1 h', started_at = started_at - interval '1 h'"
    )
    reasons = {row["state"]: row["reason"] for row in await ask(pool, "select * from pgqueue.stuck_jobs")}
    assert reasons["held"] == "its user runs as many as the plan allows"
    assert reasons["ready"] == "others stand before it"
    await ask(pool, "select pgqueue.pause()")
    await expire_lease(pool, worker.id)
    reasons = {row["state"]: row["reason"] for row in await ask(pool, "select * from pgqueue.stuck_jobs")}
    assert reasons["ready"] == "the queue is paused"
    assert reasons["processing"] == "the lease of its worker has lapsed"
    await ask(pool, "select pgqueue.resume()")
    reasons = {row["state"]: row["reason"] for row in await ask(pool, "select * from pgqueue.stuck_jobs")}
    assert reasons["ready"] == "no live worker serves the queue"


async def ask_nothing(pool: AsyncConnectionPool, statement: Any) -> None:
    async with pool.connection() as connection:
        await connection.execute(statement)


async def test_ended_jobs_go_after_their_time_with_all_that_hangs_on_them(
    queue: Queue, pool: AsyncConnectionPool
) -> None:
    await busy_scene(queue, pool)
    keep = Keep(keep_days=30, keep_details_days=30, keep_attempts_days=30, keep_events_days=30)
    assert (await prune(pool, keep)).jobs == 0
    await ask_nothing(
        pool, "update pgqueue.jobs set finished_at = finished_at - interval '31 days' where finished_at is not null"
    )
    assert (await prune(pool, keep, at_most=1)).jobs == 1
    assert (await prune(pool, keep)).jobs == 1
    assert await count(pool, "select count(*) from pgqueue.jobs") == 4
    assert await count(pool, "select count(*) from pgqueue.results") == 0
    assert await count(pool, "select count(*) from pgqueue.attempts") == 0
    assert await violations(pool) == []


async def test_a_users_data_goes_on_request(queue: Queue, pool: AsyncConnectionPool) -> None:
    _, user = await busy_scene(queue, pool)
    (said,) = await ask(pool, "select * from pgqueue.forget_user(%s)", user)
    assert said["running"] + said["cancelled"] >= 1
    (said,) = await ask(pool, "select * from pgqueue.forget_user(%s)", user)
    assert await count(pool, "select count(*) from pgqueue.jobs where user_id = %s", (user,)) == said["running"]
    assert await violations(pool) == []


async def test_nothing_is_granted_to_everyone(pool: AsyncConnectionPool) -> None:
    found = await ask(
        pool,
        "select p.proname as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace"
        " where n.nspname in ('pgqueue', 'engine', 'api')"
        " and has_function_privilege('public', p.oid, 'execute')",
    )
    assert found == []
