from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool

from pgqueue.accounts import set_account
from pgqueue.errors import ArgsTooLarge, IdempotencyConflict, JobNotFound, WrongState
from pgqueue.job import NOBODY, Cancelled, Estimate, JobState, Outcome
from pgqueue.queue import Queue
from pgqueue.transaction import MAX_ARGS_BYTES
from queue_scene import count, read_one, set_plan, still_worker

pytestmark = pytest.mark.anyio


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    await set_plan(pool)
    async with Queue(pool) as queue:
        yield queue


async def test_a_new_job_waits_with_what_it_was_given(queue: Queue) -> None:
    user = uuid4()

    enqueued = await queue.enqueue("echo", {"a": 1}, user_id=user, tier=2, priority=10)

    job = await read_one(queue, enqueued.job_id)
    assert enqueued.created
    assert (job.status, job.percent, job.attempt, job.user_id, job.args) == ("waiting", 0, 0, user, {"a": 1})
    assert (job.tier, job.priority, job.queue, job.kind) == (2, 10, "backtest", "echo")


async def test_enqueue_in_a_callers_transaction_happens_only_if_that_commits(queue: Queue, database_url: str) -> None:
    async with await AsyncConnection.connect(database_url) as connection:
        kept = await queue.enqueue("echo", {}, connection=connection)
        assert await queue.read([kept.job_id]) == []
        await connection.commit()
        assert (await read_one(queue, kept.job_id)).status == "waiting"

        dropped = await queue.enqueue("echo", {}, connection=connection)
        await connection.rollback()

    assert await queue.read([dropped.job_id]) == []


async def test_enqueue_works_on_a_callers_connection_whatever_its_row_factory(queue: Queue, database_url: str) -> None:
    async with await AsyncConnection.connect(database_url, row_factory=dict_row) as connection:
        enqueued = await queue.enqueue("echo", {}, connection=connection)
        await connection.commit()

    assert (await read_one(queue, enqueued.job_id)).kind == "echo"


async def test_a_queue_first_used_in_a_rolled_back_transaction_still_works_afterwards(
    queue: Queue, pool: AsyncConnectionPool, database_url: str
) -> None:
    async with await AsyncConnection.connect(database_url) as connection:
        await queue.enqueue("echo", {}, connection=connection)
        await connection.rollback()

    enqueued = await queue.enqueue("echo", {})

    assert (await (await still_worker(pool)).claim_one()).id == enqueued.job_id


async def test_the_same_key_and_request_give_the_first_job_again(queue: Queue, pool: AsyncConnectionPool) -> None:
    user = uuid4()
    first = await queue.enqueue("echo", {}, user_id=user, idempotency_key="k", request_hash=b"1")

    again = await queue.enqueue("echo", {}, user_id=user, idempotency_key="k", request_hash=b"1")

    assert (again.job_id, again.created) == (first.job_id, False)
    assert await count(pool, "select count(*) from pgqueue.jobs") == 1


async def test_the_same_key_with_another_request_is_refused(queue: Queue) -> None:
    first = await queue.enqueue("echo", {}, idempotency_key="k", request_hash=b"1")

    with pytest.raises(IdempotencyConflict, match="already used") as refused:
        await queue.enqueue("echo", {}, idempotency_key="k", request_hash=b"2")

    assert refused.value.job_id == first.job_id


async def test_another_users_same_key_is_another_job(queue: Queue) -> None:
    first = await queue.enqueue("echo", {}, user_id=uuid4(), idempotency_key="k", request_hash=b"1")
    second = await queue.enqueue("echo", {}, user_id=uuid4(), idempotency_key="k", request_hash=b"2")

    assert first.job_id != second.job_id


async def test_args_are_bounded_at_their_edge(queue: Queue) -> None:
    room = MAX_ARGS_BYTES - len('{"a": ""}')
    await queue.enqueue("echo", {"a": "x" * room})

    with pytest.raises(ArgsTooLarge, match="262,145 bytes"):
        await queue.enqueue("echo", {"a": "x" * (room + 1)})


async def test_args_that_are_no_json_are_refused(queue: Queue) -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        await queue.enqueue("echo", {"a": float("nan")})


@pytest.mark.parametrize("priority", [0, 11])
async def test_a_priority_out_of_range_is_refused_by_the_table(queue: Queue, priority: int) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        await queue.enqueue("echo", {}, priority=priority)


async def test_a_job_with_run_at_ahead_waits_and_is_not_claimed(queue: Queue, pool: AsyncConnectionPool) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    enqueued = await queue.enqueue("echo", {}, run_at=later)

    job = await read_one(queue, enqueued.job_id)
    assert (job.state, job.status, job.run_at) == (JobState.SCHEDULED, "waiting", later)
    assert await (await still_worker(pool)).claim() == []


async def test_cancel_of_a_waiting_job_is_immediate_and_may_be_repeated(queue: Queue) -> None:
    enqueued = await queue.enqueue("echo", {})
    before = await read_one(queue, enqueued.job_id)

    assert await queue.cancel(enqueued.job_id) is Cancelled.CANCELLED
    assert await queue.cancel(enqueued.job_id) is Cancelled.ALREADY

    job = await read_one(queue, enqueued.job_id)
    assert job.state is JobState.CANCELLED
    assert job.finished_at is not None
    assert job.seq > before.seq


async def test_cancel_of_a_running_job_asks_once_and_raises_seq(queue: Queue, pool: AsyncConnectionPool) -> None:
    enqueued = await queue.enqueue("echo", {})
    await (await still_worker(pool)).claim_one()
    before = await read_one(queue, enqueued.job_id)

    assert await queue.cancel(enqueued.job_id) is Cancelled.REQUESTED
    assert await queue.cancel(enqueued.job_id) is Cancelled.ALREADY

    job = await read_one(queue, enqueued.job_id)
    assert (job.state, job.cancel_requested, job.seq) == (JobState.PROCESSING, True, before.seq + 1)


async def test_cancel_and_requeue_of_others_jobs_find_nothing(queue: Queue) -> None:
    enqueued = await queue.enqueue("echo", {}, user_id=uuid4())

    with pytest.raises(JobNotFound):
        await queue.cancel(enqueued.job_id, user_id=uuid4())
    with pytest.raises(JobNotFound):
        await queue.requeue(enqueued.job_id, user_id=uuid4())
    assert await queue.read([enqueued.job_id], user_id=uuid4()) == []
    assert (await read_one(queue, enqueued.job_id)).status == "waiting"


async def test_cancel_of_a_completed_job_is_refused(queue: Queue, pool: AsyncConnectionPool) -> None:
    enqueued = await queue.enqueue("echo", {})
    worker = await still_worker(pool)
    await worker.end(await worker.claim_one())

    with pytest.raises(WrongState, match="cannot cancel a job that is completed"):
        await queue.cancel(enqueued.job_id)


async def test_requeue_makes_a_new_job_that_names_the_old(queue: Queue, pool: AsyncConnectionPool) -> None:
    user = uuid4()
    old = await queue.enqueue("echo", {"a": 1}, user_id=user, tier=1, priority=7)
    worker = await still_worker(pool)
    await worker.end(await worker.claim_one(), Outcome.FAILED, permanent=True)

    new = await queue.requeue(old.job_id, user_id=user, tier=1)

    job = await read_one(queue, new.job_id)
    assert (job.requeued_from, job.args, job.user_id, job.tier, job.priority) == (old.job_id, {"a": 1}, user, 1, 7)
    assert (await read_one(queue, old.job_id)).state is JobState.FAILED


async def test_requeue_without_a_tier_is_of_the_accounts_present_one(queue: Queue, pool: AsyncConnectionPool) -> None:
    user = uuid4()
    async with pool.connection() as connection:
        await set_account(connection, user, plan="pro")
        old = await queue.enqueue("echo", {}, user_id=user)
        await queue.cancel(old.job_id)
        await set_account(connection, user, plan="free")

    new = await queue.requeue(old.job_id)

    assert [(await read_one(queue, one.job_id)).tier for one in (old, new)] == [2, 0]


async def test_what_is_enqueued_is_said_to_be_though_nobody_can_say_where_it_stands(
    queue: Queue, pool: AsyncConnectionPool
) -> None:
    async with pool.connection() as connection:
        await connection.execute("alter table pgqueue.workers rename to away")
        enqueued = await queue.enqueue("echo", {}, is_estimated=True)
        await queue.cancel(enqueued.job_id)
        again = await queue.requeue(enqueued.job_id, is_estimated=True)

    unknown = Estimate(position=None, position_at_least=None, seconds=None, reason="unknown")
    assert [enqueued.estimate, again.estimate] == [unknown, unknown]


async def test_requeue_of_an_unfinished_job_is_refused(queue: Queue) -> None:
    enqueued = await queue.enqueue("echo", {})

    with pytest.raises(WrongState, match="cannot requeue a job that is waiting"):
        await queue.requeue(enqueued.job_id)


async def test_failed_lists_what_was_not_requeued_yet(queue: Queue, pool: AsyncConnectionPool) -> None:
    worker = await still_worker(pool)
    failed = []
    for _ in range(2):
        failed.append((await queue.enqueue("echo", {})).job_id)
        await worker.end(await worker.claim_one(), Outcome.FAILED, permanent=True)

    await queue.requeue(failed[0])

    assert await queue.failed() == [failed[1]]


async def test_list_pages_from_newest_to_oldest(queue: Queue) -> None:
    user = uuid4()
    ids = sorted([(await queue.enqueue("echo", {}, user_id=user)).job_id for _ in range(5)], reverse=True)

    first = await queue.list(user_id=user, limit=3)
    rest = await queue.list(user_id=user, limit=3, before=first[-1].id)

    assert [job.id for job in first + rest] == ids


async def test_position_counts_the_ready_jobs_ahead(queue: Queue, pool: AsyncConnectionPool) -> None:
    await still_worker(pool)
    ids = [(await queue.enqueue("echo", {}, user_id=UUID(int=n + 1))).job_id for n in range(3)]
    low = await queue.enqueue("echo", {}, priority=1)

    positions = sorted([(await queue.estimate(job_id)).position or 0 for job_id in ids])

    assert positions == [1, 2, 3]
    assert (await queue.estimate(low.job_id)).position == 4


async def test_without_workers_the_wait_is_unknown_and_says_why(queue: Queue) -> None:
    enqueued = await queue.enqueue("echo", {})

    estimate = await queue.estimate(enqueued.job_id)

    assert (estimate.position, estimate.seconds, estimate.reason) == (1, None, "no_workers")
    assert (await queue.stats()).estimated_wait_seconds is None


async def test_stats_count_what_waits_runs_and_works(queue: Queue, pool: AsyncConnectionPool) -> None:
    worker = await still_worker(pool)
    for _ in range(3):
        await queue.enqueue("echo", {}, user_id=NOBODY)
    await worker.claim_one()

    stats = await queue.stats()

    assert (stats.waiting, stats.active, stats.workers, stats.slots, stats.paused) == (2, 1, 1, 2, False)


async def test_nothing_of_a_paused_queue_is_claimed(queue: Queue, pool: AsyncConnectionPool) -> None:
    worker = await still_worker(pool)
    await queue.enqueue("echo", {})
    await queue.pause()
    assert await worker.claim() == []
    assert (await queue.stats()).paused

    await queue.resume()

    assert len(await worker.claim()) == 1
