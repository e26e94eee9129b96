import asyncio
from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from psycopg_pool import AsyncConnectionPool

from pgqueue.executor import ProgressReport
from pgqueue.hints import CHANGED, parse_ids, payloads
from pgqueue.job import ClaimedJob
from pgqueue.listener import Listener
from pgqueue.maintenance import rescue
from pgqueue.progress import ProgressBoard
from pgqueue.queue import Queue
from queue_scene import StillWorker, expire_lease, read_one, still_worker

pytestmark = pytest.mark.anyio


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    async with Queue(pool) as queue:
        yield queue


@pytest.fixture
async def worker(pool: AsyncConnectionPool) -> StillWorker:
    return await still_worker(pool)


@pytest.fixture
async def heard(database_url: str) -> AsyncIterator["asyncio.Queue[str]"]:
    """Payloads of CHANGED, as they arrive."""
    arrived: asyncio.Queue[str] = asyncio.Queue()
    connected = asyncio.Event()
    listener = Listener(
        database_url,
        (CHANGED,),
        on_notify=lambda _channel, payload: arrived.put_nowait(payload),
        on_connected=connected.set,
        on_lost=lambda: None,
    )
    task = asyncio.create_task(listener.run())
    await connected.wait()
    yield arrived
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def board(pool: AsyncConnectionPool, worker: StillWorker, lost: list[UUID] | None = None) -> ProgressBoard:
    return ProgressBoard(
        pool,
        worker.id,
        tick_seconds=0.01,
        on_lease_lost=lambda job_id, _attempt: (lost if lost is not None else []).append(job_id),
    )


async def report(target: ProgressBoard, job: ClaimedJob, percent: int, step: str = "simulate") -> None:
    target.report(job, ProgressReport(percent, step, 1.5))
    await target.flush()


async def test_progress_is_seen_and_raises_seq(queue: Queue, pool: AsyncConnectionPool, worker: StillWorker) -> None:
    enqueued = await queue.enqueue("echo", {})
    job = await worker.claim_one()
    before = await read_one(queue, enqueued.job_id)

    await report(board(pool, worker), job, 42)

    seen = await read_one(queue, enqueued.job_id)
    assert (seen.percent, seen.step, seen.remaining_seconds) == (42, "simulate", 1.5)
    assert seen.seq == before.seq + 1


async def test_progress_never_goes_back_within_an_attempt(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker
) -> None:
    enqueued = await queue.enqueue("echo", {})
    job = await worker.claim_one()
    target = board(pool, worker)

    await report(target, job, 60)
    await report(target, job, 40)

    assert (await read_one(queue, enqueued.job_id)).percent == 60


async def test_a_new_attempt_starts_at_zero_and_an_old_one_writes_nothing(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker
) -> None:
    enqueued = await queue.enqueue("echo", {})
    old = await worker.claim_one()
    lost: list[UUID] = []
    late = board(pool, worker, lost)
    await report(late, old, 60)
    await expire_lease(pool, worker.id)
    await rescue(pool)
    waiting = await read_one(queue, enqueued.job_id)
    assert (waiting.status, waiting.percent) == ("waiting", 0)
    other = await still_worker(pool)
    new = await other.claim_one()
    assert (await read_one(queue, enqueued.job_id)).percent == 0
    await report(board(pool, other), new, 10)
    before = await read_one(queue, enqueued.job_id)

    await report(late, old, 90)

    assert lost == [enqueued.job_id]
    assert await read_one(queue, enqueued.job_id) == before


async def test_one_flush_of_many_jobs_is_one_notification(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker, heard: "asyncio.Queue[str]"
) -> None:
    for _ in range(5):
        await queue.enqueue("echo", {})
    jobs = await worker.claim(5)
    target = board(pool, worker)
    while not heard.empty():
        heard.get_nowait()
    for percent in (10, 20):
        for job in jobs:
            target.report(job, ProgressReport(percent, "simulate", None))

    await target.flush()

    told: set[UUID] = set()
    async with asyncio.timeout(30):
        while not {job.id for job in jobs} <= told:
            ids = parse_ids(await heard.get())
            told.update(ids)
            last = ids
    assert set(last) == {job.id for job in jobs}


async def test_a_flush_larger_than_a_payload_is_split(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker, heard: "asyncio.Queue[str]"
) -> None:
    async with pool.connection() as connection:
        for _ in range(450):
            await queue.enqueue("echo", {}, connection=connection)
    jobs = await worker.claim(450)
    assert len(jobs) == 450
    target = board(pool, worker)
    for job in jobs:
        target.report(job, ProgressReport(10, "simulate", None))

    await target.flush()

    told: set[UUID] = set()
    sizes = []
    async with asyncio.timeout(30):
        while len(told) < 450:
            payload = await heard.get()
            sizes.append(len(payload))
            told.update(parse_ids(payload))
    assert told == {job.id for job in jobs}
    assert max(sizes) < 8000


async def test_a_flush_that_changes_nothing_notifies_nobody(
    queue: Queue, pool: AsyncConnectionPool, worker: StillWorker, heard: "asyncio.Queue[str]"
) -> None:
    """A statement-level trigger fires for zero rows too."""
    await queue.enqueue("echo", {})
    job = await worker.claim_one()
    await worker.end(job)
    target = board(pool, worker)

    await report(target, job, 99)
    target.ended(UUID(int=7))
    await target.flush()

    async with asyncio.timeout(30):
        payloads_heard = []
        while True:
            payloads_heard.append(await heard.get())
            if str(UUID(int=7)) in payloads_heard[-1]:
                break
    assert "" not in payloads_heard


def test_payloads_are_shorter_than_notify_allows() -> None:
    ids = [UUID(int=n) for n in range(1001)]

    split = payloads(ids)

    assert max(map(len, split)) < 8000
    assert [job_id for payload in split for job_id in parse_ids(payload)] == ids


def test_what_is_no_id_in_a_payload_is_passed_over() -> None:
    assert parse_ids(f"nonsense,{UUID(int=1)},,") == [UUID(int=1)]
