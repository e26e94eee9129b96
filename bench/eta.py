"""How far is the wait that a user is told from the wait there was?

Users of all plans keep the real worker busy with runs of two kinds: short ones of 0.2 s and long ones of 4 s, some
that say what they have left and some that do not, in bursts that queue up and pauses that let the queue drain. Every
job's estimate is what the enqueue answered, read in the transaction's own moment; its wait is from created to started.
"""

import asyncio
import random
import time
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg import AsyncConnection

from api import accounts
from bench.harness import Options, main, own_database, percentile, processes, say
from pgqueue import Queue, open_pool

SLOTS = 4
QUICK_SECONDS, SECONDS = 35, 150
SHORT, LONG = {"steps": 4, "seconds": 0.2}, {"steps": 40, "seconds": 4.0}
LONG_SHARE = 0.15
PLANS = ("free", "free", "free", "basic", "basic", "pro")
LONG_ENOUGH_SECONDS = 1.0
"""A wait below it is no wait to a user: ratios are of the others."""


def run(options: Options) -> dict[str, Any]:
    with own_database() as database_url:
        worker = [str(Path(__file__).with_name("worker.py")), str(SLOTS)]
        with processes(database_url, worker):
            told = asyncio.run(_press(database_url, QUICK_SECONDS if options.quick else SECONDS))
        waited = _waits(database_url)
    pairs = [(told[job_id], wait) for job_id, wait in waited.items() if job_id in told]
    if len(pairs) != len(told):
        raise RuntimeError(f"{len(told)} jobs were enqueued and {len(pairs)} ran")
    errors = [abs(said - wait) for said, wait in pairs]
    ratios = [max(said, 0.01) / wait for said, wait in pairs if wait >= LONG_ENOUGH_SECONDS]
    say(options, f"{len(pairs)} jobs, {len(ratios)} of them waited {LONG_ENOUGH_SECONDS:g} s or longer")
    return {
        "jobs": len(pairs),
        "median_wait_s": round(percentile([wait for _, wait in pairs], 0.5), 2),
        "p90_wait_s": round(percentile([wait for _, wait in pairs], 0.9), 2),
        "median_abs_error_s": round(percentile(errors, 0.5), 2),
        "p90_abs_error_s": round(percentile(errors, 0.9), 2),
        "median_ratio": round(percentile(ratios, 0.5), 2),
        "p10_ratio": round(percentile(ratios, 0.1), 2),
        "p90_ratio": round(percentile(ratios, 0.9), 2),
    }


async def _press(database_url: str, seconds: float) -> dict[UUID, float]:
    """Enqueue for so long, wait for the end; what each job was told, by its id."""
    chance = random.Random(7)
    users = await _users(database_url)
    told: dict[UUID, float] = {}
    async with open_pool(database_url, size=4) as pool, Queue(pool, name="backtest") as queue:
        # The first few give the queue its measure; nobody is told anything before there is one.
        for args in (SHORT, SHORT, LONG):
            await queue.enqueue(_kind(args), args)
        await _drained(queue)
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for _ in range(chance.randrange(1, 30)):
                args = LONG if chance.random() < LONG_SHARE else SHORT
                user_id = chance.choice(users)
                priority = chance.choice((5, 5, 5, 3, 8))
                job = await queue.enqueue(_kind(args), args, user_id=user_id, priority=priority, is_estimated=True)
                assert job.estimate is not None
                assert job.estimate.seconds is not None
                told[job.job_id] = job.estimate.seconds
            await asyncio.sleep(chance.uniform(0.5, 8.0))
        await _drained(queue)
    return told


def _kind(args: dict[str, Any]) -> str:
    return "stamped" if args is SHORT else "stamped_long"


async def _users(database_url: str) -> list[UUID]:
    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        made = [await accounts.ensure_user(connection, uuid4(), plan) for plan in PLANS for _ in range(3)]
        await connection.execute("update pgqueue.plans set per_day = null, waiting = 10000")
    return [account.user_id for account in made]


async def _drained(queue: Queue) -> None:
    async with asyncio.timeout(120):
        while True:
            stats = await queue.stats()
            if stats.waiting == stats.active == 0:
                return
            await asyncio.sleep(0.2)


def _waits(database_url: str) -> dict[UUID, float]:
    with psycopg.connect(database_url) as connection:
        rows = connection.execute(
            "select id, extract(epoch from started_at - created_at)::float8 from pgqueue.jobs where state = 'completed'"
        ).fetchall()
    return dict(rows)


if __name__ == "__main__":
    main(str(__doc__).split("\n", 1)[0], run)
