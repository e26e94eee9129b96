"""What was done to a job or a queue, when, by whom and why: told in order, and costing nothing where nobody asked."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from pgqueue import accounts
from pgqueue.ending import SNOOZE_LIMIT
from pgqueue.errors import JobNotFound, WrongState
from pgqueue.job import JobState, Outcome
from pgqueue.maintenance import Keep, prune
from pgqueue.queue import Queue
from queue_scene import StillWorker, attempts, count, read_one, set_plan, still_worker, violations

pytestmark = pytest.mark.anyio

KEEP = Keep(keep_days=30, keep_details_days=30, keep_attempts_days=30, keep_events_days=30)


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    await set_plan(pool)
    await run(pool, "truncate pgqueue.events restart identity")
    async with Queue(pool) as queue:
        yield queue


@pytest.fixture
async def worker(pool: AsyncConnectionPool) -> StillWorker:
    return await still_worker(pool)


async def events(pool: AsyncConnectionPool) -> list[tuple[str, str, str | None]]:
    """(event, actor, reason), in order."""
    async with pool.connection() as connection:
        rows = await connection.execute("select event, actor, reason from pgqueue.events order by id")
        return [(row[0], row[1], row[2]) for row in await rows.fetchall()]


async def run(pool: AsyncConnectionPool, statement: Any, *parameters: Any) -> list[dict[str, Any]]:
    async with pool.connection() as connection:
        cursor = connection.cursor(row_factory=dict_row)
        await cursor.execute(statement, parameters)
        return await cursor.fetchall() if cursor.description else []


async def told(queue: Queue, job_id: UUID) -> list[tuple[str, int | None]]:
    return [(moment.event, moment.attempt) for moment in await queue.history(job_id)]


async def make_ready(pool: AsyncConnectionPool) -> None:
    await run(pool, "update pgqueue.jobs set state = 'ready' where state = 'scheduled'")


async def test_a_jobs_life_is_told_in_order(queue: Queue, pool: AsyncConnectionPool, worker: StillWorker) -> None:
    enqueued = await queue.enqueue("echo", {})
    await worker.end(await worker.claim_one(), Outcome.FAILED, error={"type": "T", "message": "no such luck"})
    await make_ready(pool)
    await worker.end(await worker.claim_one(), Outcome.SNOOZED, delay_seconds=60.0)
    await make_ready(pool)
    await worker.claim_one()
    await queue.cancel(enqueued.job_id, actor="anna")
    (job,) = await run(pool, "select id, attempt, kind, failures from pgqueue.jobs")
    from pgqueue.job import ClaimedJob

    await worker.end(ClaimedJob(job["id"], job["attempt"], job["kind"], b"{}", job["failures"]), Outcome.FAILED)
    again = await queue.requeue(enqueued.job_id, actor="bert")

    history = await queue.history(enqueued.job_id)
    assert [(moment.event, moment.attempt) for moment in history] == [
        ("enqueued", None),
        ("started", 1),
        ("run_failed", 1),
        ("started", 2),
        ("run_snoozed", 2),
        ("started", 3),
        ("cancel_asked", None),
        ("run_cancelled", 3),
        ("ended", None),
        ("requeued", None),
    ]
    by_event = {moment.event: moment for moment in history}
    assert by_event["run_failed"].reason == "no such luck"
    assert by_event["run_failed"].worker_id == worker.id
    assert by_event["cancel_asked"].actor == "anna"
    assert by_event["ended"].reason == "cancelled"
    assert (by_event["requeued"].actor, by_event["requeued"].reason) == ("bert", f"as job {again.job_id}")
    assert (await queue.history(again.job_id))[0].reason == f"again, after job {enqueued.job_id}"
    assert [moment.at for moment in history] == sorted(moment.at for moment in history)


async def test_a_job_that_nobody_touched_writes_no_event(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker
) -> None:
    enqueued = await queue.enqueue("echo", {}, user_id=uuid4())
    await worker.end(await worker.claim_one())

    assert await events(pool) == []
    assert await told(queue, enqueued.job_id) == [
        ("enqueued", None),
        ("started", 1),
        ("run_completed", 1),
        ("ended", None),
    ]


async def test_who_cancels_is_the_actor_else_the_user_else_the_role(queue: Queue, pool: AsyncConnectionPool) -> None:
    user = uuid4()
    ids = [(await queue.enqueue("echo", {}, user_id=user)).job_id for _ in range(4)]
    async with Queue(pool, actor="operator") as operators:
        await operators.cancel(ids[0])
    await queue.cancel(ids[1], user_id=user)
    await queue.cancel(ids[2])
    await queue.cancel(ids[2])
    async with pool.connection() as connection, connection.transaction():
        await connection.execute("set local pgqueue.actor = 'by SQL'")
        await connection.execute("select pgqueue.cancel(%s)", (ids[3],))

    (role,) = await run(pool, "select session_user as name")
    assert await events(pool) == [
        ("cancelled", "operator", "while ready"),
        ("cancelled", f"user {user}", "while ready"),
        ("cancelled", role["name"], "while ready"),
        ("cancelled", "by SQL", "while ready"),
    ]


async def test_an_actor_is_named_for_one_statement_only(queue: Queue, pool: AsyncConnectionPool) -> None:
    await queue.pause(actor="anna")
    (said,) = await run(pool, "select current_setting('pgqueue.actor', true) as actor")

    assert not said["actor"]


async def test_what_people_change_of_queues_accounts_and_plans_is_recorded_whatever_statement_did_it(
    queue: Queue, pool: AsyncConnectionPool
) -> None:
    user = uuid4()
    await queue.pause(actor="anna")
    await queue.pause(actor="anna")
    await queue.resume(actor="anna")
    await queue.limit(max_running=5, actor="anna")
    async with pool.connection() as connection, connection.transaction():
        await connection.execute("set local pgqueue.actor = 'bert'")
        await accounts.set_account(connection, user, plan="pro")
        await accounts.set_account(connection, user, concurrent=8)
        await accounts.grant(connection, user, 100, note="a gift")
        await accounts.set_plan(connection, "free", per_day=5)

    assert await events(pool) == [
        ("queue_changed", "anna", "paused false -> true"),
        ("queue_changed", "anna", "paused true -> false"),
        ("queue_changed", "anna", "max_running none -> 5"),
        ("account_changed", "bert", "tier none -> 2"),
        ("account_changed", "bert", "concurrent none -> 8"),
        ("credits_granted", "bert", "amount none -> 100, note none -> a gift"),
        ("plan_changed", "bert", "free: per_day none -> 5"),
    ]


async def test_a_waiting_job_moves_to_another_priority(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker
) -> None:
    first = await queue.enqueue("echo", {}, priority=5)
    second = await queue.enqueue("echo", {}, priority=5)
    before = await read_one(queue, second.job_id)

    await queue.set_priority(second.job_id, 9, actor="anna")

    after = await read_one(queue, second.job_id)
    assert (after.priority, after.seq) == (9, before.seq + 1)
    assert [job.id for job in await worker.claim(2)] == [second.job_id, first.job_id]
    assert await events(pool) == [("priority_changed", "anna", "5 -> 9")]
    with pytest.raises(WrongState, match="cannot change the priority of a job that is processing"):
        await queue.set_priority(second.job_id, 1)
    with pytest.raises(JobNotFound):
        await queue.set_priority(first.job_id, 1, user_id=uuid4())


async def test_the_better_of_two_jobs_has_the_users_one_slot_whichever_was_moved(
    queue: Queue, pool: AsyncConnectionPool
) -> None:
    await set_plan(pool, concurrent=1)
    user = uuid4()
    low, high = [(await queue.enqueue("echo", {}, user_id=user)).job_id for _ in range(2)]

    async def states() -> tuple[JobState, JobState]:
        return (await read_one(queue, low)).state, (await read_one(queue, high)).state

    assert await states() == (JobState.READY, JobState.HELD)
    await queue.set_priority(high, 9)
    assert await states() == (JobState.HELD, JobState.READY)
    await queue.set_priority(high, 1)
    assert await states() == (JobState.READY, JobState.HELD)
    await queue.set_priority(low, 6)
    assert await states() == (JobState.READY, JobState.HELD)
    assert await violations(pool) == []


@pytest.mark.parametrize("priority", [0, 11])
async def test_a_priority_out_of_range_changes_nothing(queue: Queue, priority: int) -> None:
    import psycopg

    enqueued = await queue.enqueue("echo", {})

    with pytest.raises(psycopg.errors.CheckViolation):
        await queue.set_priority(enqueued.job_id, priority)

    assert (await read_one(queue, enqueued.job_id)).priority == 5


async def test_a_final_job_is_deleted_and_its_history_says_by_whom(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker
) -> None:
    enqueued = await queue.enqueue("echo", {})
    with pytest.raises(WrongState, match="cannot delete a job that is waiting"):
        await queue.delete(enqueued.job_id)
    await worker.end(await worker.claim_one())

    await queue.delete(enqueued.job_id, actor="anna")

    assert await queue.read([enqueued.job_id]) == []
    assert await count(pool, "select count(*) from pgqueue.results") == 0
    (moment,) = await queue.history(enqueued.job_id)
    assert (moment.event, moment.actor, moment.reason) == ("deleted", "anna", "it was completed")
    with pytest.raises(JobNotFound):
        await queue.delete(enqueued.job_id)
    assert await violations(pool) == []


async def test_a_snooze_is_fenced_like_any_ending(queue: Queue, pool: AsyncConnectionPool, worker: StillWorker) -> None:
    enqueued = await queue.enqueue("echo", {})
    job = await worker.claim_one()

    assert await (await still_worker(pool)).end(job, Outcome.SNOOZED, delay_seconds=60.0) is None
    assert await worker.end(job, Outcome.SNOOZED, delay_seconds=60.0) is JobState.SCHEDULED
    assert await worker.end(job, Outcome.SNOOZED, delay_seconds=60.0) is None

    assert (await read_one(queue, enqueued.job_id)).snoozes == 1
    assert await attempts(pool, enqueued.job_id) == [(1, "snoozed")]


async def test_a_snooze_keeps_the_error_of_the_run_before(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker
) -> None:
    enqueued = await queue.enqueue("echo", {})
    await worker.end(await worker.claim_one(), Outcome.FAILED)
    await make_ready(pool)
    await worker.end(
        await worker.claim_one(), Outcome.SNOOZED, delay_seconds=60.0, error={"type": "Snoozed", "message": "later"}
    )

    assert (await read_one(queue, enqueued.job_id)).error == {"type": "Test", "message": "on purpose"}


async def test_a_cancelled_job_does_not_snooze(queue: Queue, worker: StillWorker) -> None:
    enqueued = await queue.enqueue("echo", {})
    job = await worker.claim_one()
    await queue.cancel(enqueued.job_id)

    assert await worker.end(job, Outcome.SNOOZED, delay_seconds=60.0) is JobState.CANCELLED


async def test_the_last_snooze_but_one_is_granted_and_the_next_fails_the_job(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker
) -> None:
    enqueued = await queue.enqueue("echo", {})
    await run(pool, "update pgqueue.jobs set snoozes = %s", SNOOZE_LIMIT - 1)

    assert await worker.end(await worker.claim_one(), Outcome.SNOOZED, delay_seconds=1.0) is JobState.SCHEDULED
    await make_ready(pool)
    assert await worker.end(await worker.claim_one(), Outcome.SNOOZED, delay_seconds=1.0) is JobState.FAILED

    error = (await read_one(queue, enqueued.job_id)).error
    assert error is not None
    assert error["message"].startswith("The job asked 1,000 times to be run later.")


async def test_snoozes_that_are_counted_wrong_are_found(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker
) -> None:
    await queue.enqueue("echo", {})
    await worker.end(await worker.claim_one(), Outcome.SNOOZED, delay_seconds=60.0)
    assert await violations(pool) == []

    await run(pool, "update pgqueue.jobs set snoozes = 0")

    assert [problem for problem, _ in await violations(pool)] == ["snoozes are not counted right"]


async def old_jobs(queue: Queue, pool: AsyncConnectionPool, worker: StillWorker, number: int) -> None:
    """Completed at their second attempt, 31 days ago."""
    for _ in range(number):
        await queue.enqueue("echo", {})
        await worker.end(await worker.claim_one(), Outcome.CRASHED)
        await worker.end(await worker.claim_one(), detail=b"much", preview=b"p")
    await run(
        pool, "update pgqueue.jobs set finished_at = finished_at - interval '31 days' where finished_at is not null"
    )


async def test_details_and_earlier_attempts_go_before_their_jobs_in_bounded_steps(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker
) -> None:
    await old_jobs(queue, pool, worker, 3)
    young = await queue.enqueue("echo", {})
    await worker.end(await worker.claim_one(), detail=b"much")
    keep = Keep(keep_days=90, keep_details_days=30, keep_attempts_days=30, keep_events_days=30)

    steps = [await prune(pool, keep, at_most=2) for _ in range(3)]

    assert [(step.jobs, step.details, step.attempts) for step in steps] == [(0, 2, 2), (0, 1, 1), (0, 0, 0)]
    assert await count(pool, "select count(*) from pgqueue.jobs") == 4
    assert await count(pool, "select count(*) from pgqueue.results where detail = '' and preview = 'p'") == 3
    assert await count(pool, "select count(*) from pgqueue.attempts") == 4
    kept = await queue.result(young.job_id)
    assert kept is not None
    assert kept.detail == b"much"
    assert await violations(pool) == []


async def test_events_go_after_their_time_oldest_first(queue: Queue, pool: AsyncConnectionPool) -> None:
    for _ in range(3):
        await queue.pause()
        await queue.resume()
    await run(pool, "update pgqueue.events set at = at - interval '31 days' where id <= 4")

    assert [(await prune(pool, KEEP, at_most=3)).events for _ in range(3)] == [3, 1, 0]
    assert len(await events(pool)) == 2


async def test_a_forgotten_user_leaves_no_job_and_no_history_of_one(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker
) -> None:
    user, other = uuid4(), uuid4()
    running = await queue.enqueue("echo", {}, user_id=user, priority=10)
    await worker.claim_one()
    waiting = await queue.enqueue("echo", {}, user_id=user)
    gone = await queue.enqueue("echo", {}, user_id=user)
    await queue.cancel(gone.job_id, user_id=user)
    kept = await queue.enqueue("echo", {}, user_id=other)
    async with pool.connection() as connection:
        would = dict(await accounts.count_jobs(connection, user))
        did = dict(await accounts.forget(connection, user))

    assert would == did == {"cancelled": 1, "removed": 2, "running": 1}
    assert [job.id for job in await queue.read([running.job_id, waiting.job_id, gone.job_id, kept.job_id])] == [
        running.job_id,
        kept.job_id,
    ]
    assert (await read_one(queue, running.job_id)).cancel_requested
    assert [event for event, _, _ in await events(pool)] == ["user_forgotten"]
    assert await violations(pool) == []
