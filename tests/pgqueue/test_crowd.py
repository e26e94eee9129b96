"""Many claim, enqueue, end, cancel and change plans at once: what was promised is held at every moment."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from random import Random
from uuid import UUID, uuid4

import pytest
from psycopg_pool import AsyncConnectionPool

from pgqueue.claim import promote
from pgqueue.database import open_pool
from pgqueue.errors import WrongState
from pgqueue.job import Outcome
from pgqueue.maintenance import lift
from pgqueue.queue import Queue
from pgqueue.watch import watch
from queue_scene import QUEUE, set_plan, still_worker, violations

pytestmark = pytest.mark.anyio
CLAIMERS = 6


@pytest.fixture
async def pool(database_url: str) -> AsyncIterator[AsyncConnectionPool]:
    async with open_pool(database_url, size=CLAIMERS + 4, application_name="test") as pool:
        yield pool


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    async with Queue(pool) as queue:
        yield queue


def most_at_once(runs: Iterable[tuple[float, float]]) -> int:
    """How many of these (start, end) overlapped at the worst moment."""
    steps = sorted([(start, 1) for start, _ in runs] + [(end, -1) for _, end in runs])
    worst = now = 0
    for _, step in steps:
        now += step
        worst = max(worst, now)
    return worst


async def runs_by_user(pool: AsyncConnectionPool) -> dict[UUID, list[tuple[float, float]]]:
    """When each ended attempt of each user began and ended, by the database's clock."""
    found = defaultdict(list)
    async with pool.connection() as connection:
        rows = await connection.execute(
            "select user_id, extract(epoch from attempts.started_at)::float8,"
            " extract(epoch from attempts.finished_at)::float8"
            " from pgqueue.attempts join pgqueue.jobs on jobs.id = attempts.job_id"
        )
        for user_id, start, end in await rows.fetchall():
            found[user_id].append((start, end))
    return found


async def work(pool: AsyncConnectionPool, random: Random, until: asyncio.Event, *, is_capped: bool = False) -> None:
    """Claim and end, in every way there is, until told to stop and nothing is left."""
    worker = await still_worker(pool)
    while True:
        jobs = await worker.claim(random.randint(1, 4), is_capped=is_capped)
        await asyncio.sleep(random.random() * 0.005)
        for job in jobs:
            outcome = random.choices([Outcome.COMPLETED, Outcome.RELEASED, Outcome.CRASHED], [8, 1, 1])[0]
            await worker.end(job, outcome)
        if random.random() < 0.2:
            await worker.cursor.move(pool)
        await promote(pool, queue=QUEUE)
        if not jobs and until.is_set():
            return


async def test_no_user_ever_runs_more_than_the_plan_grants(queue: Queue, pool: AsyncConnectionPool) -> None:
    random, finished = Random(7), asyncio.Event()
    users = {uuid4(): tier for tier in (0, 0, 1, 1, 2)}
    granted = {0: 1, 1: 3}
    await set_plan(pool, 0, concurrent=1)
    await set_plan(pool, 1, concurrent=3)
    await set_plan(pool, 2)

    async def add(user_id: UUID, tier: int) -> None:
        for _ in range(40):
            await queue.enqueue("echo", {}, user_id=user_id, tier=tier, priority=random.randint(1, 10))
            await asyncio.sleep(0.005)

    async def interfere() -> None:
        while not finished.is_set():
            await set_plan(pool, 1, concurrent=random.randint(1, 3))
            await lift(pool, queue=QUEUE, max_wait_seconds=0.2)
            for job in (await queue.list(limit=30))[:2]:
                with suppress(WrongState):
                    await queue.cancel(job.id)
            await asyncio.sleep(0.02)

    async with asyncio.timeout(100), asyncio.TaskGroup() as group:
        for _ in range(CLAIMERS):
            group.create_task(work(pool, random, finished))
        group.create_task(interfere())
        await asyncio.gather(*(add(*user) for user in users.items()))
        finished.set()

    runs = await runs_by_user(pool)
    assert {user for user, tier in users.items() if most_at_once(runs[user]) > granted.get(tier, 10**6)} == set()
    assert most_at_once(run for user, of_user in runs.items() for run in of_user) > 1
    assert await violations(pool) == []


async def test_caps_of_a_queue_are_exact_with_many_claimers(
    database_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    await set_plan(pool)
    await queue.limit(max_running=3, starts=8, per_seconds=0.4)
    ids = [(await queue.enqueue("echo", {})).job_id for _ in range(25)]
    random, finished = Random(3), asyncio.Event()

    async def until_all_ended() -> None:
        async for _ in watch(database_url, queue, ids):
            pass
        finished.set()

    async with asyncio.timeout(100), asyncio.TaskGroup() as group:
        for _ in range(CLAIMERS):
            group.create_task(work(pool, random, finished, is_capped=True))
        group.create_task(until_all_ended())

    runs = [run for of_user in (await runs_by_user(pool)).values() for run in of_user]
    starts = sorted(start for start, _ in runs)
    assert len(runs) >= 25
    assert most_at_once(runs) <= 3
    assert min(later - start for start, later in zip(starts, starts[8:], strict=False)) >= 0.4


async def test_users_take_turns_whoever_claims(queue: Queue, pool: AsyncConnectionPool) -> None:
    """Three users with forty jobs each, six claimers: at no time is one of them served much more than another."""
    await set_plan(pool)
    users = [uuid4() for _ in range(3)]
    owner = {}
    for user in users:
        for _ in range(40):
            owner[(await queue.enqueue("echo", {}, user_id=user)).job_id] = user
    served: Counter[UUID] = Counter()
    gaps = []

    async def drain() -> None:
        worker = await still_worker(pool)
        while jobs := await worker.claim(2):
            served.update(owner[job.id] for job in jobs)
            gaps.append(max(served[user] for user in users) - min(served[user] for user in users))

    await asyncio.gather(*(drain() for _ in range(CLAIMERS)))

    assert sum(served.values()) == 120
    # What the claimers hold of a turn whose answer is still on its way: two each.
    assert max(gaps) <= 2 * CLAIMERS
