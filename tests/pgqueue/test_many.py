"""One action on many jobs: what each alone would have become, and nobody's limit or lock in the way."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest
from psycopg_pool import AsyncConnectionPool

from pgqueue.errors import BatchTooLarge, DailyQuotaReached
from pgqueue.job import JobState, Outcome
from pgqueue.many import BATCH, Action
from pgqueue.queue import Queue
from queue_scene import read_one, set_plan, still_worker, violations

pytestmark = pytest.mark.anyio


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    await set_plan(pool)
    async with Queue(pool, actor="anna") as queue:
        yield queue


async def one_of_each(queue: Queue, pool: AsyncConnectionPool, user_id: UUID) -> dict[JobState, UUID]:
    """Jobs of that user, by their state. What waited before is cancelled: the worker takes none of it."""
    for left in await queue.list(states=[JobState.READY], limit=100):
        await queue.cancel(left.id)
    worker = await still_worker(pool)
    states = dict[JobState, UUID]()
    for outcome in (Outcome.COMPLETED, Outcome.FAILED):
        await queue.enqueue("echo", {}, user_id=user_id)
        job = await worker.claim_one()
        ended = await worker.end(job, outcome, **({"permanent": True} if outcome is Outcome.FAILED else {}))
        assert ended is not None
        states[ended] = job.id
    await queue.enqueue("echo", {}, user_id=user_id)
    states[JobState.PROCESSING] = (await worker.claim_one()).id
    states[JobState.CANCELLED] = (await queue.enqueue("echo", {}, user_id=user_id)).job_id
    await queue.cancel(states[JobState.CANCELLED])
    states[JobState.READY] = (await queue.enqueue("echo", {}, user_id=user_id)).job_id
    return states


async def test_each_action_is_done_to_the_jobs_that_are_so_and_to_no_other(
    queue: Queue, pool: AsyncConnectionPool
) -> None:
    final = {JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED}
    meant = {
        Action.REQUEUE: final,
        Action.DELETE: final,
        Action.CANCEL: {JobState.PROCESSING, JobState.READY},
        Action.PRIORITIZE: {JobState.READY},
    }
    for action, states in meant.items():
        jobs = await one_of_each(queue, pool, uuid4())
        acted = await queue.act_on_many(action, [*jobs.values(), uuid4()], priority=9)

        assert set(acted.done) == {jobs[state] for state in states}, action
        assert acted.refused == {}
    assert await violations(pool) == []


async def test_many_become_what_each_alone_becomes(queue: Queue, pool: AsyncConnectionPool) -> None:
    for action in Action:
        told = []
        for is_many in (False, True):
            user_id = uuid4()
            jobs = await one_of_each(queue, pool, user_id)
            chosen = [jobs[JobState.READY]]
            match action:
                case Action.REQUEUE | Action.DELETE:
                    chosen = [jobs[JobState.FAILED]]
                case Action.CANCEL:
                    chosen.append(jobs[JobState.PROCESSING])
                case Action.PRIORITIZE:
                    pass
            if is_many:
                await queue.act_on_many(action, chosen, priority=9)
            else:
                for job_id in chosen:
                    await _alone(queue, action, job_id)
            left = await queue.list(user_id=user_id, limit=100)
            seen = Counter((job.state, job.priority, job.cancel_requested, job.requeued_from is None) for job in left)
            history = [
                (entry.event, entry.actor, (entry.reason or "").split(" job ")[0])
                for job_id in chosen
                for entry in await queue.history(job_id)
            ]
            told.append((seen, history))

        assert told[0] == told[1], action
    assert await violations(pool) == []


async def _alone(queue: Queue, action: Action, job_id: UUID) -> None:
    match action:
        case Action.REQUEUE:
            await queue.requeue(job_id)
        case Action.CANCEL:
            await queue.cancel(job_id)
        case Action.DELETE:
            await queue.delete(job_id)
        case Action.PRIORITIZE:
            await queue.set_priority(job_id, 9)


async def test_a_cancelled_batch_frees_its_places_in_the_line(queue: Queue, pool: AsyncConnectionPool) -> None:
    await set_plan(pool, concurrent=2)
    user_id = uuid4()
    ids = await queue.enqueue_many("echo", [{}] * 6, user_id=user_id)

    acted = await queue.act_on_many(Action.CANCEL, ids[:4])
    states = [(await read_one(queue, job_id)).state for job_id in ids]

    assert len(acted.done) == 4
    assert states == [JobState.CANCELLED] * 4 + [JobState.READY] * 2
    assert await violations(pool) == []


async def test_the_quota_ends_in_the_middle_of_a_batch(queue: Queue, pool: AsyncConnectionPool) -> None:
    user_id = uuid4()
    ids = [(await queue.enqueue("echo", {}, user_id=user_id)).job_id for _ in range(3)]
    worker = await still_worker(pool)
    for job in await worker.claim(3):
        await worker.end(job)
    await set_plan(pool, per_day=5)

    acted = await queue.act_on_many(Action.REQUEUE, ids)

    assert len(acted.done) == 2
    assert [type(error) for error in acted.refused.values()] == [DailyQuotaReached]
    assert await violations(pool) == []


async def test_of_two_who_requeue_once_and_at_once_one_alone_does(queue: Queue, pool: AsyncConnectionPool) -> None:
    worker = await still_worker(pool)
    ids = [(await queue.enqueue("echo", {}, user_id=uuid4())).job_id for _ in range(20)]
    for job in await worker.claim(20):
        await worker.end(job)

    both = await asyncio.gather(*(queue.act_on_many(Action.REQUEUE, ids, once="count 1") for _ in range(2)))
    later = await queue.act_on_many(Action.REQUEUE, ids, once="count 2")

    assert sorted([*both[0].done, *both[1].done]) == sorted([*both[0].already, *both[1].already]) == sorted(ids)
    assert (sorted(later.done), later.already) == (sorted(ids), [])
    events = [event.event for event in await queue.history(ids[0])]
    assert events.count("requeued") == 2
    assert await violations(pool) == []


async def test_a_job_that_somebody_else_holds_is_passed_over_and_holds_nobody_up(
    queue: Queue, pool: AsyncConnectionPool
) -> None:
    ids = [(await queue.enqueue("echo", {})).job_id for _ in range(3)]
    async with pool.connection() as other, other.transaction(), asyncio.timeout(30):
        await other.execute("select from pgqueue.jobs where id = %s for update", (ids[1],))
        acted = await queue.act_on_many(Action.CANCEL, ids)

    assert set(acted.done) == {ids[0], ids[2]}


async def test_batches_beside_a_working_worker_lose_and_double_nothing(queue: Queue, pool: AsyncConnectionPool) -> None:
    """Claims, ends and batches lock the same jobs and lanes: none may wait for another in a circle."""
    await set_plan(pool, concurrent=3)
    users = [uuid4() for _ in range(4)]
    ids = [(await queue.enqueue("echo", {}, user_id=users[number % 4])).job_id for number in range(80)]
    worker = await still_worker(pool)

    async def work() -> None:
        while jobs := await worker.claim(8):
            for job in jobs:
                await worker.end(job)

    async def interfere(action: Action) -> None:
        for start in range(0, 80, 20):
            await queue.act_on_many(action, ids[start : start + 20], priority=3)

    async with asyncio.timeout(120), asyncio.TaskGroup() as group:
        group.create_task(work())
        for action in Action:
            group.create_task(interfere(action))

    assert await violations(pool) == []


async def test_a_batch_has_a_limit(queue: Queue) -> None:
    with pytest.raises(BatchTooLarge):
        await queue.act_on_many(Action.CANCEL, [uuid4() for _ in range(BATCH + 1)])
    assert (await queue.act_on_many(Action.CANCEL, [uuid4() for _ in range(BATCH)])).done == []
