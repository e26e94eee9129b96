import asyncio
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from psycopg_pool import AsyncConnectionPool

from pgqueue.claim import claim, promote
from pgqueue.cursor import Cursor
from pgqueue.queue import Queue
from queue_scene import expire_lease, read_one, set_plan, still_worker

pytestmark = pytest.mark.anyio


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    await set_plan(pool)  # order is what these tests are about, not limits
    async with Queue(pool) as queue:
        yield queue


async def test_paid_plans_come_first_and_priority_counts_within(queue: Queue, pool: AsyncConnectionPool) -> None:
    wanted = [(2, 10), (2, 1), (1, 10), (1, 1), (0, 10), (0, 5), (0, 1)]
    ids = {}
    for tier, priority in reversed(wanted):
        ids[tier, priority] = (await queue.enqueue("echo", {}, tier=tier, priority=priority)).job_id

    claimed = await (await still_worker(pool)).claim(len(wanted))

    assert [job.id for job in claimed] == [ids[key] for key in wanted]


async def test_users_take_turns_within_a_rank(queue: Queue, pool: AsyncConnectionPool) -> None:
    many = [(await queue.enqueue("echo", {}, user_id=UUID(int=1))).job_id for _ in range(4)]
    few = [(await queue.enqueue("echo", {}, user_id=UUID(int=2))).job_id for _ in range(2)]
    worker = await still_worker(pool)

    order = [(await worker.claim_one()).id for _ in range(6)]

    assert {order[0], order[1]} == {many[0], few[0]}
    assert {order[2], order[3]} == {many[1], few[1]}
    assert order[4:] == many[2:]


async def test_who_comes_late_starts_at_the_present_turn(queue: Queue, pool: AsyncConnectionPool) -> None:
    """Else a newcomer's hundred jobs would all stand before what the others have left."""
    for _ in range(6):
        await queue.enqueue("echo", {}, user_id=UUID(int=1))
    worker = await still_worker(pool)
    await worker.claim(4)
    await worker.cursor.move(pool)

    late = [(await queue.enqueue("echo", {}, user_id=UUID(int=2))).job_id for _ in range(3)]
    order = [(await worker.claim_one()).id for _ in range(5)]

    assert [job_id in late for job_id in order[-1:]] == [True]
    assert sum(job_id in late for job_id in order[:3]) <= 2


async def test_concurrent_claims_are_disjoint_and_take_everything(queue: Queue, pool: AsyncConnectionPool) -> None:
    ids = {(await queue.enqueue("echo", {}, user_id=UUID(int=n % 7), priority=1 + n % 10)).job_id for n in range(60)}
    workers = [await still_worker(pool) for _ in range(4)]

    async def drain(number: int) -> list[UUID]:
        mine: list[UUID] = []
        while jobs := await workers[number].claim(1 + number):
            mine += [job.id for job in jobs]
        return mine

    claimed = [job_id for mine in await asyncio.gather(*map(drain, range(4))) for job_id in mine]

    assert len(claimed) == len(ids)
    assert set(claimed) == ids


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(jobs=st.lists(st.tuples(st.integers(0, 2), st.integers(1, 10), st.integers(1, 4)), min_size=1, max_size=12))
async def test_the_claims_order_is_rank_then_turn(pool: AsyncConnectionPool, jobs: list[tuple[int, int, int]]) -> None:
    """For any mix of plans, priorities and users: better ranks first, and within a rank nobody goes twice before
    another who waits in it went once."""
    name = f"q{uuid4().hex}"
    await set_plan(pool)
    async with Queue(pool, name=name) as queue:
        facts = {}
        for tier, priority, user in jobs:
            enqueued = await queue.enqueue("echo", {}, tier=tier, priority=priority, user_id=UUID(int=user))
            facts[enqueued.job_id] = ((2 - tier) * 10 + 11 - priority, user)
    worker = await still_worker(pool)
    order = [
        facts[job.id]
        for job in await claim(pool, queue=name, worker_id=worker.id, limit=len(jobs), cursor=Cursor(name))
    ]

    assert len(order) == len(jobs)
    assert [rank for rank, _ in order] == sorted(rank for rank, _ in order)
    turns: dict[tuple[int, int], int] = {}
    taken = []
    for rank, user in order:
        turns[rank, user] = turns.get((rank, user), 0) + 1
        taken.append((rank, turns[rank, user]))
    assert taken == sorted(taken)


async def test_a_worker_whose_lease_lapsed_claims_nothing(queue: Queue, pool: AsyncConnectionPool) -> None:
    await queue.enqueue("echo", {})
    worker = await still_worker(pool)
    await expire_lease(pool, worker.id)

    assert await worker.claim() == []


async def test_a_claim_starts_an_attempt_and_raises_seq(queue: Queue, pool: AsyncConnectionPool) -> None:
    enqueued = await queue.enqueue("echo", {"a": 1})
    before = await read_one(queue, enqueued.job_id)

    claimed = await (await still_worker(pool)).claim_one()

    job = await read_one(queue, enqueued.job_id)
    assert (claimed.attempt, claimed.args) == (1, b'{"a": 1}')
    assert (job.status, job.attempt, job.percent) == ("processing", 1, 0)
    assert job.seq > before.seq


async def test_a_due_job_becomes_ready(queue: Queue, pool: AsyncConnectionPool) -> None:
    enqueued = await queue.enqueue("echo", {})
    async with pool.connection() as connection:
        await connection.execute("update pgqueue.jobs set state = 'scheduled', run_at = clock_timestamp()")

    assert (await promote(pool, queue="backtest")).seconds == 0.0

    assert (await (await still_worker(pool)).claim_one()).id == enqueued.job_id


async def test_promote_tells_when_the_next_job_is_due(queue: Queue, pool: AsyncConnectionPool) -> None:
    assert (await promote(pool, queue="backtest")).seconds is None
    await queue.enqueue("echo", {})
    async with pool.connection() as connection:
        await connection.execute(
            "update pgqueue.jobs set state = 'scheduled', run_at = clock_timestamp() + interval '1 hour'"
        )

    due = (await promote(pool, queue="backtest")).seconds

    assert due == pytest.approx(3600, abs=60)
