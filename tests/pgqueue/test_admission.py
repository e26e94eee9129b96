"""Limits: a user's running jobs never exceed the plan's, nothing is forgotten behind a free slot, credits add up."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID, uuid4

import pytest
from psycopg_pool import AsyncConnectionPool

from pgqueue.accounts import grant
from pgqueue.claim import promote
from pgqueue.errors import CreditsUsedUp, DailyQuotaReached, QueueFull, TooManyWaiting, WrongState
from pgqueue.job import ClaimedJob, JobState, Outcome
from pgqueue.maintenance import admit_stragglers, count_waiting, lift, rescue
from pgqueue.queue import Queue
from queue_scene import (
    QUEUE,
    StillWorker,
    count,
    expire_lease,
    read_one,
    running_worker,
    set_plan,
    still_worker,
    violations,
    wait_final,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    async with Queue(pool) as queue:
        yield queue


async def states(queue: Queue, ids: list[UUID]) -> list[str]:
    return [(await read_one(queue, job_id)).state.value for job_id in ids]


async def test_a_plans_limit_holds_back_what_is_beyond_it(queue: Queue, pool: AsyncConnectionPool) -> None:
    await set_plan(pool, concurrent=2)
    user = uuid4()
    ids = [(await queue.enqueue("echo", {}, user_id=user)).job_id for _ in range(4)]
    assert await states(queue, ids) == ["ready", "ready", "held", "held"]

    worker = await still_worker(pool)
    first, second = await worker.claim(10)
    assert await worker.claim(10) == []
    await worker.end(second)
    assert await states(queue, ids) == ["processing", "completed", "ready", "held"]
    await worker.end(first, Outcome.FAILED, permanent=True)
    assert await states(queue, ids) == ["failed", "completed", "ready", "ready"]
    assert await violations(pool) == []


async def test_a_better_job_takes_the_place_of_a_worse_one_that_waits(queue: Queue, pool: AsyncConnectionPool) -> None:
    await set_plan(pool, concurrent=1)
    user = uuid4()
    low = (await queue.enqueue("echo", {}, user_id=user, priority=2)).job_id
    high = (await queue.enqueue("echo", {}, user_id=user, priority=9)).job_id
    assert await states(queue, [low, high]) == ["held", "ready"]
    worker = await still_worker(pool)
    assert (await worker.claim_one()).id == high
    higher = (await queue.enqueue("echo", {}, user_id=user, priority=10)).job_id
    # What runs is not taken away.
    assert await states(queue, [low, high, higher]) == ["held", "processing", "held"]
    assert await violations(pool) == []


async def test_a_retry_leaves_its_slot_and_comes_back_behind_the_limit(queue: Queue, pool: AsyncConnectionPool) -> None:
    await set_plan(pool, concurrent=1)
    user = uuid4()
    one, two = [(await queue.enqueue("echo", {}, user_id=user)).job_id for _ in range(2)]
    worker = await still_worker(pool)
    job = await worker.claim_one()
    await worker.end(job, Outcome.FAILED, delay_seconds=0.0)
    assert await states(queue, [one, two]) == ["scheduled", "ready"]
    await promote(pool, queue=QUEUE)
    assert await states(queue, [one, two]) == ["held", "ready"]
    await worker.end(await worker.claim_one())
    assert await states(queue, [one, two]) == ["ready", "completed"]
    assert await violations(pool) == []


async def test_cancelling_makes_room_and_gives_the_day_back(queue: Queue, pool: AsyncConnectionPool) -> None:
    await set_plan(pool, concurrent=1, per_day=2)
    user = uuid4()
    one, two = [(await queue.enqueue("echo", {}, user_id=user)).job_id for _ in range(2)]
    with pytest.raises(DailyQuotaReached, match="all 2 jobs of today"):
        await queue.enqueue("echo", {}, user_id=user)
    await queue.cancel(one)
    assert await states(queue, [one, two]) == ["cancelled", "ready"]
    three = (await queue.enqueue("echo", {}, user_id=user)).job_id
    assert await states(queue, [three]) == ["held"]
    assert await violations(pool) == []


async def test_a_job_that_started_counts_even_if_cancelled(queue: Queue, pool: AsyncConnectionPool) -> None:
    await set_plan(pool, per_day=1)
    user = uuid4()
    await queue.enqueue("echo", {}, user_id=user)
    worker = await still_worker(pool)
    job = await worker.claim_one()
    await queue.cancel(job.id)
    await worker.end(job, Outcome.CANCELLED)
    with pytest.raises(DailyQuotaReached):
        await queue.enqueue("echo", {}, user_id=user)


async def test_waiting_jobs_have_a_limit_each_and_in_all(queue: Queue, pool: AsyncConnectionPool) -> None:
    await set_plan(pool, concurrent=1, waiting=2)
    user = uuid4()
    for _ in range(3):
        await queue.enqueue("echo", {}, user_id=user)
    with pytest.raises(TooManyWaiting, match="2 of yours wait"):
        await queue.enqueue("echo", {}, user_id=user)
    async with pool.connection() as connection:
        await connection.execute("update pgqueue.queues set max_waiting = 3, waiting = 3")
    with pytest.raises(QueueFull, match="3 jobs are waiting"):
        await queue.enqueue("echo", {}, user_id=uuid4())
    assert await count(pool, "select count(*) from pgqueue.jobs") == 3


async def test_a_full_queue_refuses_also_while_no_worker_counts(queue: Queue, pool: AsyncConnectionPool) -> None:
    await queue.limit(max_waiting=10)

    async def fill() -> None:
        while True:
            await queue.enqueue("echo", {})

    async with asyncio.timeout(60):
        with pytest.raises(QueueFull, match="10 jobs are waiting"):
            await fill()
    # Enqueues that come between a count and the next are taken.
    assert await count(pool, "select count(*) from pgqueue.jobs") >= 10


async def test_where_a_worker_counts_nobody_else_does(queue: Queue, pool: AsyncConnectionPool) -> None:
    await still_worker(pool)
    await queue.limit(max_waiting=10)
    for _ in range(11):
        await queue.enqueue("echo", {})
    async with asyncio.timeout(60):
        while "backtest" not in queue._waiting._rests:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.01)
    assert await count(pool, "select waiting from pgqueue.queues where name = 'backtest'") == 0


async def test_a_raised_limit_admits_at_once(queue: Queue, pool: AsyncConnectionPool) -> None:
    await set_plan(pool, concurrent=1)
    user = uuid4()
    ids = [(await queue.enqueue("echo", {}, user_id=user)).job_id for _ in range(3)]
    async with pool.connection() as connection:
        await connection.execute("update pgqueue.accounts set concurrent = 2 where user_id = %s", (user,))
    assert await states(queue, ids) == ["ready", "ready", "held"]
    await set_plan(pool, concurrent=5)
    # What an operator granted one account is not the plan's.
    assert await states(queue, ids) == ["ready", "ready", "held"]
    assert await violations(pool) == []


async def test_who_waited_too_long_stands_above_all_but_never_beyond_the_limit(
    queue: Queue, pool: AsyncConnectionPool
) -> None:
    await set_plan(pool, 0, concurrent=2)
    await set_plan(pool, 2)
    patient = uuid4()
    old = [(await queue.enqueue("echo", {}, user_id=patient, priority=p)).job_id for p in (1, 2, 3)]
    async with pool.connection() as connection:
        await connection.execute("update pgqueue.jobs set run_at = run_at - interval '11 minutes'")
        # The worst of them, held back, is the oldest.
        await connection.execute(
            "update pgqueue.jobs set run_at = run_at - interval '1 minute' where id = %s", (old[0],)
        )
    young = (await queue.enqueue("echo", {}, user_id=patient, priority=10)).job_id
    paid = (await queue.enqueue("echo", {}, user_id=uuid4(), tier=2, priority=10)).job_id
    assert await states(queue, [*old, young]) == ["held", "held", "ready", "ready"]

    assert await lift(pool, queue=QUEUE, max_wait_seconds=600) == 3

    assert await states(queue, [*old, young]) == ["ready", "held", "ready", "held"]
    worker = await still_worker(pool)
    claimed = [job.id for job in await worker.claim(10)]
    assert claimed == [old[0], old[2], paid]
    assert await lift(pool, queue=QUEUE, max_wait_seconds=600) == 0
    assert await violations(pool) == []


async def test_lifting_waits_for_no_users_lane(queue: Queue, pool: AsyncConnectionPool) -> None:
    """As when a caller enqueues in a transaction of his own and leaves that open."""
    await set_plan(pool, 0, concurrent=1)
    patient, other = uuid4(), uuid4()
    ids = [
        (await queue.enqueue("echo", {}, user_id=user, priority=p)).job_id for user in (patient, other) for p in (1, 2)
    ]
    async with pool.connection() as connection:
        await connection.execute("update pgqueue.jobs set run_at = run_at - interval '11 minutes'")
        await connection.execute(
            "update pgqueue.jobs set run_at = run_at - interval '1 minute' where id = any(%s)", ([ids[1], ids[3]],)
        )
    async with asyncio.timeout(25), pool.connection() as connection, connection.transaction():
        await connection.execute("select from pgqueue.lanes where user_id = %s for update", (patient,))
        assert await lift(pool, queue=QUEUE, max_wait_seconds=600) == 4
    assert await violations(pool) == []


async def test_stragglers_are_admitted_and_other_queues_left_to_their_own_workers(
    queue: Queue, pool: AsyncConnectionPool
) -> None:
    await set_plan(pool, concurrent=2)
    held, elsewhere, ids = uuid4(), uuid4(), []
    for user, name in ((held, QUEUE), (elsewhere, "another")):
        ids += [(await queue.enqueue("echo", {}, user_id=user, queue=name)).job_id for _ in range(2)]
    async with pool.connection() as connection:
        # As a wake-up that was missed leaves it.
        await connection.execute("alter table pgqueue.jobs disable trigger jobs_moved")
        await connection.execute("update pgqueue.jobs set state = 'held' where id = any(%s)", (ids[1::2],))
        await connection.execute("alter table pgqueue.jobs enable trigger jobs_moved")
        await connection.execute(
            "update pgqueue.lanes set used = used - 1, parked = parked + 1 where user_id = any(%s)",
            ([held, elsewhere],),
        )

    await admit_stragglers(pool, queue=QUEUE)

    assert await states(queue, ids) == ["ready", "ready", "ready", "held"]
    await admit_stragglers(pool, queue="another")
    assert await states(queue, ids) == ["ready"] * 4
    assert await violations(pool) == []


async def test_a_queue_runs_no_more_than_its_cap(queue: Queue, pool: AsyncConnectionPool) -> None:
    for _ in range(8):
        await queue.enqueue("echo", {})
    await queue.limit(max_running=3)
    workers = [await still_worker(pool) for _ in range(4)]
    assert await workers[0].claim(8) == []  # whoever does not know of the cap gets nothing
    taken = await asyncio.gather(*(w.claim(2, is_capped=True) for w in workers))
    assert sum(map(len, taken)) == 3
    worker, jobs = next((w, jobs) for w, jobs in zip(workers, taken, strict=True) if jobs)
    await worker.end(jobs[0])
    assert len(await worker.claim(8, is_capped=True)) == 1
    await queue.limit(max_running=None)
    assert len(await workers[0].claim(8)) == 4


async def test_a_queue_starts_no_more_than_its_rate(queue: Queue, pool: AsyncConnectionPool) -> None:
    for _ in range(9):
        await queue.enqueue("echo", {})
    await queue.limit(starts=3, per_seconds=600.0)
    worker = await still_worker(pool)
    assert len(await worker.claim(2, is_capped=True)) == 2
    assert len(await worker.claim(2, is_capped=True)) == 1
    assert await worker.claim(2, is_capped=True) == []
    async with pool.connection() as connection:
        await connection.execute(
            "update pgqueue.queues set recent_starts[1:2] = "
            "array[clock_timestamp() - interval '601 s', clock_timestamp() - interval '601 s']"
        )
    assert len(await worker.claim(9, is_capped=True)) == 2


async def test_waiting_jobs_are_counted_for_the_cap(queue: Queue, pool: AsyncConnectionPool) -> None:
    await set_plan(pool, concurrent=1)
    user = uuid4()
    for _ in range(2):
        await queue.enqueue("echo", {}, user_id=user)
    await queue.enqueue("echo", {})
    async with pool.connection() as connection:
        await connection.execute("update pgqueue.queues set max_waiting = 50")
    await count_waiting(pool, queue=QUEUE)
    assert await count(pool, "select waiting from pgqueue.queues") == 3


async def test_a_worker_obeys_a_cap_set_while_it_works(
    database_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    await queue.limit(max_running=1)
    ids = [(await queue.enqueue("echo", {})).job_id for _ in range(3)]
    async with running_worker(database_url, slots=2):
        for job_id in ids:
            assert (await wait_final(database_url, queue, job_id)).state is JobState.COMPLETED
        await queue.limit(max_running=None)
        last = (await queue.enqueue("echo", {})).job_id
        assert (await wait_final(database_url, queue, last)).state is JobState.COMPLETED
    assert await violations(pool) == []


async def test_a_lowered_limit_drains_and_a_raised_one_admits(queue: Queue, pool: AsyncConnectionPool) -> None:
    await set_plan(pool, concurrent=3)
    user = uuid4()
    for _ in range(5):
        await queue.enqueue("echo", {}, user_id=user)
    worker = await still_worker(pool)
    running = await worker.claim(10)
    await set_plan(pool, concurrent=1)
    await queue.enqueue("echo", {}, user_id=user)
    for job in running:
        await worker.end(job)
    assert len(await worker.claim(10)) == 1
    assert await violations(pool) == []


async def test_credits_are_held_then_taken_or_given_back(queue: Queue, pool: AsyncConnectionPool) -> None:
    await set_plan(pool, credits_per_job=5)
    user = uuid4()
    with pytest.raises(CreditsUsedUp, match="takes 5"):
        await queue.enqueue("echo", {}, user_id=user)
    async with pool.connection() as connection:
        await grant(connection, user, 12)
    for _ in range(2):
        await queue.enqueue("echo", {}, user_id=user)
    with pytest.raises(CreditsUsedUp):
        await queue.enqueue("echo", {}, user_id=user)
    worker = await still_worker(pool)
    taken, returned = await worker.claim(2)
    await worker.end(taken)
    await worker.end(returned, Outcome.FAILED, permanent=True)
    assert await count(pool, "select available from pgqueue.accounts where user_id = %s", (user,)) == 7
    assert await count(pool, "select held from pgqueue.accounts where user_id = %s", (user,)) == 0
    assert await violations(pool) == []


HELD = "select count(*) from pgqueue.jobs where worker_id = %s and state = 'processing'"


class _Crowd:
    """Users who do at random whatever can be done, several things at a time."""

    def __init__(self, queue: Queue, pool: AsyncConnectionPool, seed: int) -> None:
        self.queue, self.pool, self.random = queue, pool, Random(seed)
        self.users = [uuid4() for _ in range(5)]
        self.tiers = {user: self.random.randrange(3) for user in self.users}

    async def settle_in(self) -> None:
        await set_plan(self.pool, 0, concurrent=1, credits_per_job=1)
        await set_plan(self.pool, 1, concurrent=3)
        await set_plan(self.pool, 2, credits_per_job=2)
        async with self.pool.connection() as connection:
            for user in self.users:
                await grant(connection, user, 30)

    async def step(self) -> None:
        await self.random.choice([self.enqueue, self.enqueue, self.enqueue, self.work, self.work, self.cancel])()

    async def enqueue(self) -> None:
        user = self.random.choice(self.users)
        priority = self.random.randint(1, 10)
        with suppress(CreditsUsedUp):
            await self.queue.enqueue("echo", {}, user_id=user, tier=self.tiers[user], priority=priority)

    async def work(self) -> None:
        worker = await still_worker(self.pool)
        fates = [self.finish, self.finish, self.finish_twice_at_once, self.fail, self.crash, self.release]
        fates += [self.snooze, self.cancel_first, self.race_a_cancel]
        for job in await worker.claim(self.random.randint(1, 4)):
            if self.random.random() < 0.1:
                await self.race_a_rescue(worker, job)
                return
            await self.random.choice(fates)(worker, job)

    async def finish(self, worker: StillWorker, job: ClaimedJob) -> None:
        """Also a second time, late: it changes nothing."""
        await worker.end(job)
        assert await worker.end(job) is None

    async def finish_twice_at_once(self, worker: StillWorker, job: ClaimedJob) -> None:
        ends = await asyncio.gather(worker.end(job), worker.end(job, Outcome.FAILED, permanent=True))
        assert ends.count(None) == 1

    async def fail(self, worker: StillWorker, job: ClaimedJob) -> None:
        await worker.end(job, Outcome.FAILED, delay_seconds=0.0)

    async def crash(self, worker: StillWorker, job: ClaimedJob) -> None:
        await worker.end(job, Outcome.CRASHED)

    async def release(self, worker: StillWorker, job: ClaimedJob) -> None:
        await worker.end(job, Outcome.RELEASED)

    async def snooze(self, worker: StillWorker, job: ClaimedJob) -> None:
        await worker.end(job, Outcome.SNOOZED, delay_seconds=0.0)

    async def cancel_first(self, worker: StillWorker, job: ClaimedJob) -> None:
        await self.queue.cancel(job.id)
        assert await worker.end(job) is JobState.CANCELLED

    async def race_a_cancel(self, worker: StillWorker, job: ClaimedJob) -> None:
        async def cancel() -> None:
            with suppress(WrongState):
                await self.queue.cancel(job.id)

        _, state = await asyncio.gather(cancel(), worker.end(job))
        assert state in (JobState.COMPLETED, JobState.CANCELLED)

    async def race_a_rescue(self, worker: StillWorker, job: ClaimedJob) -> None:
        """Its lease has lapsed, which takes all the worker's other jobs along."""
        await expire_lease(self.pool, worker.id)
        await asyncio.gather(worker.end(job), rescue(self.pool))
        # A row that another's cancel holds just now is passed over and rescued by the next round.
        while await count(self.pool, HELD, (worker.id,)):
            await rescue(self.pool)
        assert await worker.end(job) is None

    async def cancel(self) -> None:
        waiting = [job for job in await self.queue.list(limit=50) if job.status == "waiting"]
        if waiting:
            # It may have ended meanwhile.
            with suppress(WrongState):
                await self.queue.cancel(self.random.choice(waiting).id)

    async def work_off(self) -> None:
        for _ in range(200):
            worker = await still_worker(self.pool)
            jobs = await worker.claim(100)
            for job in jobs:
                await worker.end(job)
            await promote(self.pool, queue=QUEUE)
            await rescue(self.pool)
            if not jobs and not await count(self.pool, "select count(*) from pgqueue.jobs where finished_at is null"):
                return


@pytest.mark.parametrize("seed", range(6))
async def test_nothing_drifts_whatever_happens(queue: Queue, pool: AsyncConnectionPool, seed: int) -> None:
    """Random enqueues, claims, endings of every kind, twice and late, racing each other, cancels and rescues."""
    crowd = _Crowd(queue, pool, seed)
    await crowd.settle_in()
    for _ in range(25):
        await asyncio.gather(*(crowd.step() for _ in range(4)))
        await promote(pool, queue=QUEUE)
    assert await violations(pool) == []
    await crowd.work_off()
    found = Counter(job.state for job in await queue.list(limit=1000))
    assert set(found) <= {JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED}, found
    assert await violations(pool) == []


async def test_a_bulk_keeps_every_limit(queue: Queue, pool: AsyncConnectionPool) -> None:
    await set_plan(pool, concurrent=3, credits_per_job=2, waiting=50)
    user = uuid4()
    async with pool.connection() as connection:
        await grant(connection, user, 200)
    worse = (await queue.enqueue("echo", {}, user_id=user, priority=1)).job_id
    ids = await queue.enqueue_many("echo", [{"number": n} for n in range(40)], user_id=user, priority=8)
    assert await states(queue, [worse]) == ["held"]
    assert Counter(await states(queue, ids)) == {"ready": 3, "held": 37}
    assert [job.args["number"] for job in await queue.read(ids)] == list(range(40))
    assert await violations(pool) == []
    with pytest.raises(TooManyWaiting):
        await queue.enqueue_many("echo", [{}] * 20, user_id=user)
    await set_plan(pool, concurrent=3, credits_per_job=2)
    with pytest.raises(CreditsUsedUp):
        await queue.enqueue_many("echo", [{}] * 80, user_id=user)
    await queue.enqueue_many("echo", [{}] * 10, user_id=user, run_at=datetime.now(UTC) + timedelta(hours=1))
    assert await count(pool, "select count(*) from pgqueue.jobs where state = 'scheduled'") == 10
    worker = await still_worker(pool)
    while jobs := await worker.claim(10):
        assert len(jobs) <= 3
        for job in jobs:
            await worker.end(job)
    assert await violations(pool) == []


async def test_a_bulk_in_a_transaction_that_fails_leaves_nothing(queue: Queue, pool: AsyncConnectionPool) -> None:
    user = uuid4()
    await set_plan(pool, concurrent=1)
    async with pool.connection() as connection, connection.transaction(force_rollback=True):
        assert len(await queue.enqueue_many("echo", [{}] * 5, user_id=user, connection=connection)) == 5
    assert await count(pool, "select count(*) from pgqueue.jobs") == 0
    assert await queue.enqueue_many("echo", [{}] * 5) != []
    assert await violations(pool) == []
