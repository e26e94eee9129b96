"""A hundred users press "run" within one second: how long do they wait, and how soon do they see what happens?

Each submits one five-year daily backtest over HTTP and watches it by SSE; two slots run them. Then twenty jobs that
report a hundred steps over two seconds are watched, twenty at a time, for the latency of changes and not only of final
events: from the report in the child process to the parsed event in the client, the flush tick included. Everything,
the load generator too, shares this machine; requests start on a fixed schedule and are timed from when they should
have.
"""

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
from psycopg import AsyncConnection

from api import accounts
from bench.caller import events, post
from bench.harness import Options, main, own_database, percentile, processes, say
from pgqueue import Queue, open_pool

USERS = 100
WATCHED, STEPS, STEP_SECONDS = 20, 100, 2.0
WATCHED_SLOTS = 20
REQUEST = {
    "strategyId": "123e4567-e89b-12d3-a456-426614174000",
    "params": {"symbol": "AAPL", "startDate": "2015-01-02", "endDate": "2019-12-31", "initialCapital": 10000},
}


@dataclass
class Seen:
    """What the users saw."""

    enqueue_ms: list[float] = field(default_factory=list)
    statuses: list[str] = field(default_factory=list)
    latencies_ms: list[float] = field(default_factory=list)


def run(options: Options) -> dict[str, Any]:
    with own_database() as database_url:
        load_prices(database_url)
        serve = ["-m", "pgqueue", "serve", "--port", "0", "--json", "--no-access-log"]
        with processes(database_url, [str(Path(__file__).with_name("worker.py")), "2"], serve) as (_, served):
            rounds = [asyncio.run(hundred_users(database_url, served["url"])) for _ in range(1 if options.quick else 3)]
        watching = [str(Path(__file__).with_name("worker.py")), str(WATCHED_SLOTS)]
        with processes(database_url, watching, serve) as (_, served):
            latencies = asyncio.run(watch_changes(database_url, served["url"]))
    worst = max(rounds, key=lambda answer: float(answer["mean_wait_s"]))
    say(options, f"{len(rounds)} round(s) of {USERS} users; {len(latencies)} changes of {WATCHED} jobs seen")
    return worst | {
        "progress_latency_p50_ms": round(percentile(latencies, 0.50), 1),
        "progress_latency_p99_ms": round(percentile(latencies, 0.99), 1),
    }


def load_prices(database_url: str) -> None:
    environment = {**os.environ, "DATABASE_URL": database_url}
    subprocess.run(
        [sys.executable, "-m", "pgqueue", "data", "sample"], env=environment, check=True, capture_output=True
    )


async def make_users(database_url: str, count: int) -> list[tuple[Any, str]]:
    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        users = []
        for _ in range(count):
            account = await accounts.ensure_user(connection, uuid4())
            users.append((account.user_id, (await accounts.create_key(connection, account.user_id))[1]))
        return users


async def hundred_users(database_url: str, url: str) -> dict[str, Any]:
    users = await make_users(database_url, USERS)
    seen = Seen()
    begin = time.monotonic() + 0.2
    await asyncio.gather(*(user(url, key, begin + number / USERS, seen) for number, (_, key) in enumerate(users)))
    waits, span = measure([user_id for user_id, _ in users], database_url)
    return {
        "users": USERS,
        "failed": sum(status != "completed" for status in seen.statuses),
        "p50_enqueue_ms": round(percentile(seen.enqueue_ms, 0.50), 1),
        "p95_enqueue_ms": round(percentile(seen.enqueue_ms, 0.95), 1),
        "mean_wait_s": round(sum(waits) / len(waits), 3),
        "max_wait_s": round(max(waits), 3),
        "throughput_jobs_s": round(USERS / span, 1),
    }


async def user(url: str, key: str, begin: float, seen: Seen) -> None:
    """One user: press run at the appointed time, watch to the end."""
    await asyncio.sleep(begin - time.monotonic())
    status, answer = await post(url, "/api/backtest/queue", key, REQUEST)
    seen.enqueue_ms.append((time.monotonic() - begin) * 1000)
    final = "refused"
    if status == 200:
        async for job in events(url, answer["links"]["events"], key):
            final = job["status"]
    seen.statuses.append(final)


def measure(user_ids: Sequence[Any], database_url: str) -> tuple[list[float], float]:
    """Seconds each job waited, and from the first request to the last result; the results must all be the same."""
    with psycopg.connect(database_url) as connection:
        rows: list[tuple[datetime, datetime, datetime, str]] = connection.execute(
            "select jobs.created_at, started_at, finished_at, summary ->> 'resultHash'"
            " from pgqueue.jobs join pgqueue.results on job_id = id where user_id = any(%s)",
            (list(user_ids),),
        ).fetchall()
    hashes = {row[3] for row in rows}
    if len(rows) != USERS or len(hashes) != 1 or None in hashes:
        raise RuntimeError(f"{len(rows)} results with {len(hashes)} different hashes; {USERS} equal ones were due")
    waits = [(started - created).total_seconds() for created, started, _, _ in rows]
    return waits, (max(row[2] for row in rows) - min(row[0] for row in rows)).total_seconds()


async def watch_changes(database_url: str, url: str) -> list[float]:
    """Milliseconds from each report to the event that showed it; the last of each job must be its final one."""
    users = await make_users(database_url, WATCHED)
    latencies: list[float] = []
    async with open_pool(database_url, size=2) as pool, Queue(pool) as queue:
        jobs = [
            (await queue.enqueue("stamped", {"steps": STEPS, "seconds": STEP_SECONDS}, user_id=user_id)).job_id
            for user_id, _ in users
        ]
        await asyncio.gather(
            *(follow(url, str(job_id), key, latencies) for job_id, (_, key) in zip(jobs, users, strict=True))
        )
    return latencies


async def follow(url: str, job_id: str, key: str, latencies: list[float]) -> None:
    status = ""
    async for job in events(url, f"/api/backtest/queue/{job_id}/events", key):
        status = job["status"]
        if status == "processing" and job["stepCode"]:
            latencies.append((time.time_ns() - int(job["stepCode"])) / 1e6)
    if status != "completed":
        raise RuntimeError(f"job {job_id}: its stream ended at {status!r}")


if __name__ == "__main__":
    main(str(__doc__).split("\n", 1)[0], run)
