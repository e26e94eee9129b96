"""How many jobs that do nothing does the queue take and run a second, beside pgqueuer, awa and procrastinate?

Ours go the whole way: committed to disk, counted against quota, lane and credits, claimed by one worker with two slots,
run in child processes, finished with a result, an attempt and the ledger's entry each. The peers do less, each in its
own module's words: none runs a job in a process of its own, none has limits or credits per user, and pgqueuer deletes
what it has finished. All use the same server, each a database of its own, one after the other with nothing beside.

enqueue_vs_raw: one connection, one commit each, quota, idempotency key and credits, of a user with four
jobs at a time; against a bare INSERT of the same row into the same table by the same driver, prepared. bulk_per_s: jobs
of one call of enqueue_many. drain_per_s: jobs of nobody, from the first start to the last end; drain_limited_per_s: of
1,000 users with two at a time and credits. vs_…: drain_per_s over the peer's.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any
from uuid import UUID, uuid4

import psycopg
import uvloop
from psycopg import AsyncConnection

from bench.drain import drained, paused
from bench.harness import Options, beside, main, own_database, processes, say
from bench.peers import awa, pgqueuer, procrastinate
from pgqueue import Queue, open_pool

SLOTS = 2
USERS, LIMIT = 1_000, 2
CREDITS = 1_000_000

RAW_INSERT = """
insert into pgqueue.jobs (queue, kind, user_id, tier, priority, rank, turn, args, max_retries, idempotency_key,
                          request_hash, state)
values ('raw', 'noop', %s, 2, 5, 6, %s, %s::jsonb, 3, %s, %s, 'ready')
"""


@dataclass(frozen=True)
class Sizes:
    enqueued: int
    bulk: int
    limited: int
    rounds: int
    procrastinate: int


QUICK = Sizes(enqueued=1_500, bulk=30_000, limited=20_000, rounds=2, procrastinate=600)
FULL = Sizes(enqueued=10_000, bulk=90_000, limited=60_000, rounds=3, procrastinate=3_000)


def run(options: Options) -> dict[str, Any]:
    sizes = QUICK if options.quick else FULL
    with own_database() as database_url:
        ratio = uvloop.run(enqueue_vs_raw(database_url, sizes.enqueued))
        say(options, f"enqueue: {ratio:.2f} of a bare INSERT")
        with processes(database_url, [str(Path(__file__).with_name("worker.py")), str(SLOTS)]):
            bulks, drains = zip(*(unlimited_round(database_url, sizes.bulk) for _ in range(sizes.rounds)), strict=True)
            say(options, f"ours: bulk {shown(bulks)}; drain {shown(drains)}")
            limited = [limited_round(database_url, sizes.limited) for _ in range(max(1, sizes.rounds - 1))]
            say(options, f"ours: limited drain {shown(limited)}")
        require_order(database_url)
        ours = median(drains)
        peers = {
            "pgqueuer": ask(options, database_url, pgqueuer, sizes.bulk, sizes.rounds),
            "awa": ask(options, database_url, awa, sizes.bulk, sizes.rounds),
            "procrastinate": ask(options, database_url, procrastinate, sizes.procrastinate, 1),
        }
    return {
        "enqueue_vs_raw": round(ratio, 2),
        "bulk_per_s": round(median(bulks)),
        "bulk_vs_pgqueuer": round(median(bulks) / peers["pgqueuer"][0], 2),
        "drain_per_s": round(ours),
        "drain_limited_per_s": round(median(limited)),
        **{f"vs_{name}": round(ours / drain, 2) for name, (_, drain) in peers.items()},
    }


def shown(rates: Any) -> str:
    return " ".join(f"{rate:,.0f}" for rate in rates)


async def enqueue_vs_raw(database_url: str, count: int) -> float:
    """Our rate over that of the bare INSERT, in turns of a hundred."""
    await make_users(database_url, [user_id := uuid4()], per_day=CREDITS, concurrent=4)
    spent = {"raw": 0.0, "ours": 0.0}
    async with (
        open_pool(database_url, size=1) as pool,
        await AsyncConnection.connect(database_url, autocommit=True) as plain,
        await AsyncConnection.connect(database_url, autocommit=True) as raw,
    ):
        queue = Queue(pool, name="single")

        async def insert(number: int) -> None:
            await raw.execute(RAW_INSERT, (user_id, number, '{"n": 1}', f"key {number}", b"hash"))

        async def enqueue(number: int) -> None:
            await queue.enqueue(
                "noop",
                {"n": 1},
                user_id=user_id,
                idempotency_key=f"key {number}",
                request_hash=b"hash",
                connection=plain,
            )

        for start in range(0, count, 100):
            for name, add in (("raw", insert), ("ours", enqueue)):
                began = time.perf_counter()
                for number in range(start, start + 100):
                    await add(number)
                if start:  # the first turn warms both
                    spent[name] += time.perf_counter() - began
    with psycopg.connect(database_url) as connection:
        held = connection.execute(
            "select count(*), count(distinct idempotency_key), sum(credits) from pgqueue.jobs where queue = 'single'"
        ).fetchone()
        connection.execute("delete from pgqueue.jobs where queue = 'raw'")
    if held != (count, count, count):
        raise RuntimeError(f"{held} jobs, keys and credits held; {count} of each were due")
    return spent["raw"] / spent["ours"]


async def make_users(database_url: str, user_ids: list[UUID], *, concurrent: int, per_day: int) -> None:
    """Accounts of the highest plan with credits to spend, and limits of their own."""
    async with await AsyncConnection.connect(database_url, autocommit=True) as connection:
        await connection.execute("update pgqueue.plans set credits_per_job = 1 where tier = 2")
        await connection.execute(
            "insert into pgqueue.accounts (user_id, tier, concurrent, per_day, waiting, available)"
            " select unnest(%s::uuid[]), 2, %s, %s, 100000, %s",
            (user_ids, concurrent, per_day, CREDITS),
        )
        await connection.execute(
            "insert into pgqueue.ledger (user_id, entry, amount) select unnest(%s::uuid[]), 'granted', %s",
            (user_ids, CREDITS),
        )


def unlimited_round(database_url: str, count: int) -> tuple[float, float]:
    """Jobs a second that one call of enqueue_many took, and that were run."""
    with paused(database_url):
        seconds = uvloop.run(bulk(database_url, count))
    return count / seconds, count / drained(database_url, count)


async def bulk(database_url: str, count: int) -> float:
    args = [{"n": number} for number in range(count)]
    async with open_pool(database_url, size=1) as pool, Queue(pool) as queue:
        began = time.perf_counter()
        ids = await queue.enqueue_many("noop", args)
        seconds = time.perf_counter() - began
    if len(set(ids)) != count:
        raise RuntimeError(f"{len(set(ids))} ids for {count} jobs")
    return seconds


def limited_round(database_url: str, count: int) -> float:
    with paused(database_url):
        uvloop.run(fill_lanes(database_url, count))
    return count / drained(database_url, count)


async def fill_lanes(database_url: str, count: int) -> None:
    """As many jobs for each user; two of each may run."""
    user_ids = [uuid4() for _ in range(USERS)]
    await make_users(database_url, user_ids, concurrent=LIMIT, per_day=CREDITS)
    args = [{"n": number} for number in range(count // USERS)]
    async with open_pool(database_url, size=1) as pool, Queue(pool) as queue:
        for user_id in user_ids:
            await queue.enqueue_many("noop", args, user_id=user_id)


def require_order(database_url: str) -> None:
    """Every job completed at its first attempt, one result each, one payment where one is due, and all invariants."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute("analyze")
        row = connection.execute("""
            select count(*) filter (where state <> 'completed' or attempt <> 1),
                   count(*) - (select count(*) from pgqueue.results),
                   count(*) - (select count(*) from pgqueue.attempts),
                   sum(credits) - (select sum(amount) from pgqueue.ledger where entry = 'taken')
              from pgqueue.jobs where queue = 'backtest'""").fetchone()
        problems = connection.execute("select * from pgqueue.check_invariants()").fetchall()
    if row != (0, 0, 0, 0) or problems:
        raise RuntimeError(f"not completed once, results, attempts or payments missing: {row}; {problems[:3]}")


def ask(options: Options, database_url: str, peer: Any, count: int, rounds: int) -> tuple[float, float]:
    """A peer's jobs a second, taken and run: the medians."""
    name = peer.__name__.rpartition(".")[2]
    address = beside(database_url, name)
    uvloop.run(peer.install(address))
    bulks, drains = [], []
    for _ in range(rounds):
        bulks.append(count / uvloop.run(peer.enqueue_many(address, count)))
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("vacuum analyze")
            connection.execute("checkpoint")
        drains.append(count / uvloop.run(peer.drain(address, count)))
    say(options, f"{name}: bulk {shown(bulks)}; drain {shown(drains)}")
    return median(bulks), median(drains)


if __name__ == "__main__":
    main(str(__doc__).split("\n", 1)[0], run)
