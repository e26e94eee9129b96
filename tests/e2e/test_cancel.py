"""How soon a cancel is final: of a long run that looks, and of one that neither looks nor ends when it is told to."""

import json
import os
import sys
import time
from collections.abc import AsyncIterator, Iterator
from uuid import UUID

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from engine import sample, store
from fault_scene import worker_process
from pgqueue import Companion, Queue
from pgqueue.job import JobState
from queue_scene import attempts, violations, wait_final, wait_for

pytestmark = pytest.mark.anyio

SWEEP = {
    "strategyId": "macd",
    "symbol": "SPX",
    "startDate": "2008-01-02",
    "endDate": "2025-12-19",
    "initialCapital": 10_000,
    "grid": {"fast": {"from": 2, "to": 60}, "slow": {"from": 61, "to": 120}, "signal": {"from": 2, "to": 28}},
}
"""95,580 combinations over some 4,500 bars: some six seconds of one core."""


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    async with Queue(pool) as queue:
        yield queue


@pytest.fixture
def product_worker(database_url: str) -> Iterator[None]:
    """The command that users start, with the handlers that are installed, their kernels warm."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        bundled = sample.find("SPX", "1d")
        store.import_bars(connection, bundled.listing, bundled.read().bars)
    companion = Companion(
        [sys.executable, "-m", "pgqueue", "worker", "--slots", "1", "--json"],
        environment={**os.environ, "DATABASE_URL": database_url},
    )
    try:
        assert "worker" in json.loads(companion.answer())
        yield
    finally:
        companion.stop()


async def seconds_to_cancel(database_url: str, queue: Queue, job_id: UUID) -> float:
    """From the call to the news that it is final."""
    asked = time.monotonic()
    await queue.cancel(job_id)
    job = await wait_final(database_url, queue, job_id)
    seconds = time.monotonic() - asked
    assert job.state is JobState.CANCELLED
    return seconds


@pytest.mark.usefixtures("product_worker")
async def test_a_cancelled_sweep_of_many_combinations_is_final_at_once(
    database_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    """Long before the grace is over: by itself, between two batches. The bound is for busy machines."""
    job_id = (await queue.enqueue("sweep", SWEEP)).job_id
    await wait_for(database_url, queue, job_id, lambda job: job.step == "simulate" and job.percent > 50)

    seconds = await seconds_to_cancel(database_url, queue, job_id)

    assert seconds < 3.0
    assert await attempts(pool, job_id) == [(1, "cancelled")]
    assert await violations(pool) == []


async def test_a_cancelled_run_that_ignores_sigterm_is_final_soon_after_the_grace(
    database_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    grace = 2
    async with worker_process(database_url, environment={"PGQUEUE_CANCEL_GRACE_SECONDS": str(grace)}):
        job_id = (await queue.enqueue("deaf", {})).job_id
        await wait_for(database_url, queue, job_id, lambda job: job.percent > 0)

        seconds = await seconds_to_cancel(database_url, queue, job_id)

        after = (await queue.enqueue("echo", {})).job_id
        assert (await wait_final(database_url, queue, after)).state is JobState.COMPLETED
    assert grace <= seconds < grace + 5
    assert await attempts(pool, job_id) == [(1, "cancelled")]
    assert await violations(pool) == []
