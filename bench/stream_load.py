"""What the benches of event streams share: users with running jobs, reports on a schedule, readers in a process apart.

The generator is open-loop: reports fall due at fixed times whether or not the ones before were delivered. They go the
way a worker's go, through progress boards with the tick workers have, so several changes share a flush.
"""

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from bench.end_to_end import make_users
from bench.harness import ROOT
from pgqueue import Outcome, Queue, open_pool
from pgqueue.claim import claim
from pgqueue.cursor import Cursor
from pgqueue.ending import Ending, Endings
from pgqueue.executor import ProgressReport
from pgqueue.job import ClaimedJob
from pgqueue.lease import Lease
from pgqueue.progress import ProgressBoard
from pgqueue.settings import Settings

WORKERS = 10
LEASE_SECONDS = 600.0
ARGS = {
    "strategyId": "sma-cross",
    "strategy": {"name": "Moving averages that cross", "version": 1, "entryLong": "sma(10) crosses above sma(30)"},
    "symbol": "AAPL",
    "timeframe": "1d",
    "startDate": "2015-01-02",
    "endDate": "2019-12-31",
    "initialCapital": 10_000,
}


@dataclass
class Running:
    """A job that runs as far as the database knows, and the board of the worker it runs on."""

    job: ClaimedJob
    user_id: UUID
    key: str
    board: ProgressBoard
    reports: int = 0

    @property
    def events_path(self) -> str:
        return f"/api/backtest/queue/{self.job.id}/events"

    def report(self) -> None:
        self.reports += 1
        self.board.report(self.job, ProgressReport(min(99, self.reports), "simulate", 12.0))


@asynccontextmanager
async def running_jobs(database_url: str, count: int) -> AsyncIterator[list[Running]]:
    """So many jobs of so many users, claimed by workers in this process; in the end all completed."""
    workers = min(WORKERS, count)
    async with open_pool(database_url, size=workers) as pool, Queue(pool) as queue:
        users = await make_users(database_url, count)
        owners = {(await queue.enqueue("backtest", ARGS, user_id=user)).job_id: (user, key) for user, key in users}
        jobs: list[Running] = []
        async with asyncio.TaskGroup() as group:
            boards = []
            for number in range(workers):
                board = await _worker(pool, count // workers + (number < count % workers))
                boards.append(group.create_task(board.run()))
                claimed = await claim(
                    pool,
                    queue="backtest",
                    worker_id=board.worker_id,
                    limit=count // workers + 1,
                    cursor=Cursor("backtest"),
                )
                jobs += [Running(job, *owners[job.id], board) for job in claimed]
            yield jobs
            for board_task in boards:
                board_task.cancel()


async def _worker(pool: AsyncConnectionPool, slots: int) -> ProgressBoard:
    lease = Lease(pool, queue="backtest", slots=slots, seconds=LEASE_SECONDS)
    await lease.take()
    tick = Settings.model_fields["progress_seconds"].default
    return ProgressBoard(pool, lease.worker_id, tick_seconds=tick, on_lease_lost=lambda _id, _attempt: None)


async def report(jobs: Sequence[Running], *, per_second: float, seconds: float) -> int:
    """Reports at fixed times, the jobs in turns; how many."""
    began = time.monotonic()
    number = 0
    while (due := number / per_second) < seconds:
        if (ahead := began + due - time.monotonic()) > 0:
            await asyncio.sleep(ahead)
        jobs[number % len(jobs)].report()
        number += 1
    return number


async def complete(database_url: str, jobs: Sequence[Running]) -> None:
    """End them all, worker by worker, as workers do."""
    facts: dict[str, Any] = {"summary": "{}", "preview": b"", "detail": b""}
    async with open_pool(database_url, size=2) as pool:
        for board in {job.board for job in jobs}:
            endings = Endings(pool, board.worker_id)
            writing = asyncio.create_task(endings.run())
            mine = [job.job for job in jobs if job.board is board]
            await endings.write([Ending(job.id, job.attempt, Outcome.COMPLETED, **facts) for job in mine])
            writing.cancel()
            for job in mine:
                board.ended(job.id)


class Readers:
    """The process that reads the streams."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self.process = process

    def measure(self) -> None:
        self._say()

    async def result(self) -> dict[str, Any]:
        self._say()
        return await self.answer()

    async def answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = await asyncio.to_thread(self.process.stdout.readline)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def _say(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()


@asynccontextmanager
async def readers(url: str, streams: Sequence[tuple[str, str]]) -> AsyncIterator[Readers]:
    """Streams [(path, key)] that are open, and have said hello."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as spec:
        json.dump({"url": url, "streams": streams}, spec)
        spec.flush()
        program = [sys.executable, str(Path(__file__).with_name("stream_readers.py")), spec.name]
        process = _start(program)
        try:
            reading = Readers(process)
            await reading.answer()
            yield reading
        finally:
            process.kill()
            process.communicate()


def _start(program: list[str]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT)


def lost_finals(jobs: Sequence[Running], last: dict[str, dict[str, tuple[int, str]]], readers_of_each: int) -> int:
    """How many readers did not end with a completed job. A reader is named by its number."""
    told = sum(status == "completed" for seen in last.values() for _, status in seen.values())
    return len(jobs) * readers_of_each - told
