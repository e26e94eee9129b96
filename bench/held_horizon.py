"""What does a transaction that somebody leaves open cost everyone else?

500 jobs a second are offered to one worker with two slots: half of them belong to 1,000 users whose plans limit them,
half to one caller without a plan, hence without a limit (a user whose plan is unlimited has a lane like everybody else,
and each of his jobs leaves two versions of its row behind: see docs/claim.md). Once without, once beside a transaction
that has enqueued a job, holds its snapshot and stays open for the whole run, so that nothing anybody updates or deletes
meanwhile can be cleaned up. Fresh database each; the load generator shares the machine. --quick measures 15 s each, for
all of it to stay under a minute; in full it is half an hour each.
"""

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg

from bench.harness import Options, main, own_database, percentile, processes, say

JOBS_A_SECOND = 500
TICK_SECONDS = 0.02
LIMITED_USERS = 1_000
HOT_USER = UUID(int=0)
WARM_UP_SECONDS = 3.0

PREPARE = (
    "update pgqueue.plans set concurrent = 4, per_day = null, waiting = 1000000",
    (
        "insert into pgqueue.accounts (user_id, tier)"
        " select lpad(to_hex(n), 32, '0')::uuid, n % 3 from generate_series(1, 1000) as n"
    ),
)


@dataclass(frozen=True)
class Measured:
    jobs_a_second: float
    pickup_p99_ms: float
    claim_p99_ms: float


def run(options: Options) -> dict[str, Any]:
    seconds = 15.0 if options.quick else 1800.0
    free = measure(options, seconds, held=False)
    held = measure(options, seconds, held=True)
    return {
        "throughput_ratio": round(held.jobs_a_second / free.jobs_a_second, 3),
        "pickup_ratio": round(held.pickup_p99_ms / free.pickup_p99_ms, 2),
        "claim_ratio": round(held.claim_p99_ms / free.claim_p99_ms, 2),
    }


def measure(options: Options, seconds: float, *, held: bool) -> Measured:
    with own_database() as database_url, tempfile.TemporaryDirectory() as directory:
        claims = Path(directory) / "claims.json"
        with psycopg.connect(database_url, autocommit=True) as connection:
            for statement in PREPARE:
                connection.execute(statement.encode())
        worker = [str(Path(__file__).with_name("timed_worker.py")), "2", str(claims)]
        with processes(database_url, worker), held_open(database_url, really=held):
            since = time.time() + WARM_UP_SECONDS
            until = since + seconds
            offer(database_url, WARM_UP_SECONDS + seconds)
            picked_up = pickups(database_url, since, until)
            rate = completed(database_url, since, until) / seconds
        timed = [took for at, took in json.loads(claims.read_text()) if since <= at < until]
    measured = Measured(rate, percentile(picked_up, 0.99), percentile(timed, 0.99))
    last_third = picked_up[-len(picked_up) // 3 :]
    say(
        options,
        f"{'beside an open transaction' if held else 'without':<27}{rate:6.1f} jobs/s, pickup p50 "
        f"{percentile(picked_up, 0.5):.2f} p99 {measured.pickup_p99_ms:.2f} ms (of the last third "
        f"{percentile(last_third, 0.99):.2f}), {len(timed)} claims p50 {percentile(timed, 0.5):.2f} "
        f"p99 {measured.claim_p99_ms:.2f} ms",
    )
    return measured


@contextmanager
def held_open(database_url: str, *, really: bool) -> Iterator[None]:
    """Inside: a transaction that has written and keeps its snapshot."""
    with psycopg.connect(database_url) as connection:
        if really:
            connection.execute("set transaction isolation level repeatable read")
            connection.execute("select pgqueue.enqueue('arrival', queue => 'elsewhere')")
        yield


def offer(database_url: str, seconds: float) -> None:
    """Enqueue on a fixed schedule, whether or not the worker keeps up: ten jobs a transaction, then the hint."""
    per_tick = round(JOBS_A_SECOND * TICK_SECONDS)
    with psycopg.connect(database_url, autocommit=True) as connection:
        began = time.monotonic()
        for tick in range(round(seconds / TICK_SECONDS)):
            time.sleep(max(0.0, began + tick * TICK_SECONDS - time.monotonic()))
            numbers = range(tick * per_tick, (tick + 1) * per_tick)
            users = [HOT_USER if number % 2 else UUID(int=1 + number // 2 % LIMITED_USERS) for number in numbers]
            connection.execute(ENQUEUE, (time.time_ns(), users))
            connection.execute(HINT)


ENQUEUE = """
select pgqueue.enqueue('arrival', jsonb_build_object('at_ns', %s::bigint), user_id => user_id)
  from unnest(%s::uuid[]) with ordinality as users (user_id, place)
 order by user_id, place
"""
HINT = "select pg_notify('pgqueue_ready', 'backtest')"
PICKUPS = """
select (summary->>'pickup_ms')::float8
  from pgqueue.results
  join pgqueue.jobs on jobs.id = results.job_id
 where (args->>'at_ns')::float8 / 1e9 between %s and %s
 order by job_id
"""
COMPLETED = """
select count(*)
  from pgqueue.jobs
 where state = 'completed'
   and finished_at between to_timestamp(%s) and to_timestamp(%s)
"""


def pickups(database_url: str, since: float, until: float) -> list[float]:
    with psycopg.connect(database_url) as connection:
        return [row[0] for row in connection.execute(PICKUPS, (since, until)).fetchall()]


def completed(database_url: str, since: float, until: float) -> int:
    with psycopg.connect(database_url) as connection:
        row = connection.execute(COMPLETED, (since, until)).fetchone()
    assert row is not None
    return int(row[0])


if __name__ == "__main__":
    main(__doc__.splitlines()[0], run)
