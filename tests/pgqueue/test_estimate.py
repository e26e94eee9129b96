"""What a waiting job is told of its wait: laws of the arithmetic, then the same read from a real queue."""

from collections.abc import AsyncIterator
from dataclasses import replace
from heapq import heapify, heapreplace
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg_pool import AsyncConnectionPool

from pgqueue.estimate import COUNT_LIMIT, Backlog, Capacity, Span, estimate, free_at, newcomer, spread
from pgqueue.queue import Queue
from queue_scene import set_plan, still_worker

pytestmark = pytest.mark.anyio
ME, OTHER = uuid4(), uuid4()
SECONDS = st.floats(0, 1e4)


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    async with Queue(pool) as queue:
        yield queue


def capacity(slots: int, *running: float, owner: UUID = OTHER, **facts: Any) -> Capacity:
    """Runs of kind `short` take 1 s, of kind `long` 60."""
    chosen: dict[str, Any] = {"workers": 1, "paused": False, "run_seconds": {"short": 1.0, "long": 60.0}} | facts
    return Capacity(slots=slots, running=[(owner, left) for left in running], **chosen)


def place(*ready: str, own: int = 0, held: tuple[str, ...] = (), **facts: Any) -> dict[str, Any]:
    """A waiting job of mine behind those ready jobs, the first `own` of them mine, and behind my held ones."""
    found = {
        "kind": "short",
        "user_id": ME,
        "state": "held" if held or "lane_slots" in facts else "ready",
        "rank": 25,
        "turn": 1,
        "due_in_seconds": 0.0,
        "lane_slots": None,
        "ready": list(ready),
        "is_own": [number < own for number in range(len(ready))],
        "held": list(held),
    }
    return found | facts


def seconds(*asked: Any) -> float:
    found = estimate(*asked).seconds
    assert found is not None
    return found


def test_a_free_slot_is_no_wait() -> None:
    assert seconds(place(), capacity(2, 30.0)) == 0
    assert seconds(place("short"), capacity(3, 30.0)) == 0


def test_what_runs_counts_with_what_it_has_left_not_with_its_mean() -> None:
    assert seconds(place(), capacity(2, 30.0, 7.0)) == 7
    assert seconds(place("short"), capacity(2, 30.0, 7.0)) == 8


def test_jobs_ahead_count_with_the_run_times_of_their_kinds_in_order() -> None:
    assert seconds(place("long"), capacity(1)) == 60
    assert seconds(place("short", "short"), capacity(1)) == 2
    assert seconds(place("long", "short", "short"), capacity(2)) == 2


def test_a_kind_never_run_counts_like_the_mean_of_the_others_and_nothing_measured_like_a_second() -> None:
    assert seconds(place("new"), capacity(1)) == 30.5
    assert seconds(place("new"), capacity(1, run_seconds={})) == 1


def test_a_held_job_waits_for_its_owners_own_jobs_whatever_is_free() -> None:
    assert seconds(place(lane_slots=1), capacity(8, 9.0, owner=ME)) == 9
    assert seconds(place(lane_slots=1, held=("short", "short")), capacity(8, 9.0, owner=ME)) == 11
    assert seconds(place("long", own=1, lane_slots=1), capacity(8)) == 60


def test_another_users_held_jobs_of_a_better_rank_go_first_where_they_take_every_slot() -> None:
    backlog = Backlog(OTHER, 2, "long", Span(rank=5, jobs=10, first_turn=1, last_turn=10))

    assert seconds(place(), capacity(2, 1.0, 2.0, backlogs=[backlog])) > 290
    assert seconds(place(), capacity(3, 1.0, 2.0, backlogs=[backlog])) == 0
    assert seconds(place(rank=4, turn=99), capacity(2, 1.0, 2.0, backlogs=[backlog])) == 1
    assert seconds(place(rank=5, turn=1), capacity(2, 1.0, 2.0, backlogs=[backlog])) == 1
    assert seconds(place(rank=5, turn=6), capacity(2, 1.0, 2.0, backlogs=[backlog])) == pytest.approx(151.5)


def test_better_jobs_that_go_on_coming_stretch_the_wait_and_never_without_end() -> None:
    stream = [(part, 5, "short", 10) for part in range(6)]
    flood = [(part, 1, "long", 99) for part in range(6)]

    assert seconds(place(*["short"] * 6), capacity(2)) == 3
    assert seconds(place(*["short"] * 6), capacity(2, arrivals=stream)) == 6
    assert seconds(place(*["short"] * 6, rank=5), capacity(2, arrivals=stream)) == 3
    assert seconds(place(*["short"] * 6), capacity(2, arrivals=stream[:2])) == 3
    assert seconds(place("short"), capacity(1, arrivals=flood)) == pytest.approx(5)


def test_a_job_that_is_not_due_yet_waits_at_least_until_then() -> None:
    assert seconds(place(due_in_seconds=100.0, state="scheduled"), capacity(2)) == 100


def test_a_limit_of_starts_per_second_is_waited_for() -> None:
    assert seconds(place(*["short"] * 20), capacity(100, starts_per_second=2.0)) == 10


def test_nobody_can_say_while_a_queue_is_paused_or_unserved() -> None:
    paused, unserved = capacity(1, paused=True), replace(capacity(0), workers=0)

    assert (estimate(place(), paused).seconds, estimate(place(), paused).reason) == (None, "paused")
    assert (estimate(place(), unserved).seconds, estimate(place(), unserved).reason) == (None, "no_workers")
    assert newcomer(paused, 3) is newcomer(unserved, 3) is None


def test_deeper_than_is_counted_the_wait_goes_on_growing_and_the_position_says_at_least() -> None:
    deep = place(*["short"] * COUNT_LIMIT, turn=50)
    one_kind = capacity(2, run_seconds={"short": 1.0})
    depths = [Span(5, 4_000, 1, 9), Span(25, 10_000, 0, 100), Span(30, 99_999, 1, 2)]

    found = estimate(deep, one_kind, depths)

    assert (found.position, found.position_at_least) == (None, COUNT_LIMIT)
    assert found.seconds == pytest.approx((4_000 + 10_000 * 50 / 101) / 2, abs=1)


@given(st.lists(SECONDS, min_size=1, max_size=8), st.integers(0, 200))
def test_spreading_equal_short_runs_comes_to_what_taking_them_one_by_one_does(free: list[float], count: int) -> None:
    heap = list(free)
    heapify(heap)
    for _ in range(count):
        heapreplace(heap, heap[0] + 0.5)

    assert spread(free, count * 0.5) == pytest.approx(heap[0], abs=0.5 + 1e-6)


@given(st.integers(1, 8), st.lists(SECONDS, max_size=20))
def test_there_are_as_many_slots_as_there_are_whatever_runs(slots: int, running: list[float]) -> None:
    free = free_at(slots, running)

    assert len(free) == slots
    assert (min(free) == 0) if len(running) < slots else (sorted(free) == sorted(running)[-slots:])


async def test_a_measured_queue_tells_its_measure(queue: Queue, pool: AsyncConnectionPool) -> None:
    worker = await still_worker(pool)
    await queue.enqueue("echo", {})
    await worker.end(await worker.claim_one())
    async with pool.connection() as connection:
        await connection.execute("update pgqueue.jobs set started_at = finished_at - interval '8 seconds'")
    for _ in range(4):
        await queue.enqueue("echo", {})
    await worker.claim(2)

    last = (await queue.enqueue("echo", {}, is_estimated=True)).estimate

    # Two run for 8 s, two stand before it: it starts when the first of those ends.
    assert last is not None
    assert (last.position, last.reason) == (3, None)
    assert last.seconds == pytest.approx(16, abs=3)
    assert (await queue.stats()).estimated_wait_seconds == pytest.approx(16, abs=8)


async def test_a_runs_own_word_on_what_it_has_left_is_taken(queue: Queue, pool: AsyncConnectionPool) -> None:
    worker = await still_worker(pool)
    for _ in range(2):
        await queue.enqueue("echo", {})
    await worker.claim(2)
    async with pool.connection() as connection:
        await connection.execute("update pgqueue.progress set remaining_seconds = 500, updated_at = clock_timestamp()")

    waiting = await queue.enqueue("echo", {}, is_estimated=True)

    assert waiting.estimate is not None
    assert waiting.estimate.seconds == pytest.approx(500, abs=60)


async def test_a_users_own_limit_is_what_a_held_job_waits_for(queue: Queue, pool: AsyncConnectionPool) -> None:
    await set_plan(pool, concurrent=1)
    worker = await still_worker(pool)
    await queue.enqueue("echo", {}, user_id=ME)
    await worker.claim_one()
    async with pool.connection() as connection:
        await connection.execute("update pgqueue.progress set remaining_seconds = 90, updated_at = clock_timestamp()")

    mine = (await queue.enqueue("echo", {}, user_id=ME, is_estimated=True)).estimate
    others = (await queue.enqueue("echo", {}, user_id=OTHER, is_estimated=True)).estimate

    assert mine is not None
    assert others is not None
    assert mine.seconds == pytest.approx(90, abs=30)
    assert others.seconds == 0


async def test_a_paused_queue_says_so_at_once_and_stops_saying_so(queue: Queue, pool: AsyncConnectionPool) -> None:
    await still_worker(pool)
    job = await queue.enqueue("echo", {})
    await queue.estimate(job.job_id)

    await queue.pause()
    paused = await queue.estimate(job.job_id)
    await queue.resume()
    resumed = await queue.estimate(job.job_id)

    assert (paused.seconds, paused.reason) == (None, "paused")
    assert (resumed.seconds, resumed.reason) == (0, None)


async def test_an_estimate_among_many_waiting_jobs_reads_a_bounded_number_of_them(
    queue: Queue, pool: AsyncConnectionPool
) -> None:
    await still_worker(pool)
    await queue.enqueue_many("echo", [{}] * 3_000)

    found = (await queue.enqueue("echo", {}, priority=1, is_estimated=True)).estimate

    assert found is not None
    assert (found.position, found.position_at_least) == (None, COUNT_LIMIT)
    assert found.seconds == pytest.approx(1_500, rel=0.01)
