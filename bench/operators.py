"""How long do an administrator's looks, searches and bulk actions take among a million jobs?

A search is asked once when nothing of it was read yet, then 15 times. What no index answers is asked of 20,000 jobs a
page; how long all pages take to the end is told for a search that finds nothing.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg_pool import AsyncConnectionPool
from pydantic.alias_generators import to_camel

from api.admin.bulk import MOST_COUNTED, MOST_LOOKED_AT
from api.admin.dashboard import READING_SECONDS, read_all
from api.admin.figures import read_hour
from api.admin.wanted import Wanted, read_box, search_for
from bench.harness import Options, main, own_database, percentile, say
from pgqueue import BATCH, Action, Queue, doctor, open_pool, overview
from pgqueue.counting import count
from pgqueue.search import search

JOBS, QUICK_JOBS = 1_000_000, 200_000
ROUNDS = 15
MANY = 1_000
SOMEONE = UUID(int=7)
# A tenth waits. Ended jobs ended in the order in which they came, one every 20 ms, the last one half an hour ago.
FILL = """
insert into pgqueue.queues (name) values ('backtest') on conflict do nothing;
insert into pgqueue.jobs (id, queue, kind, rank, turn, state, tier, attempt, run_at, created_at, started_at,
                          finished_at, error, user_id, args)
select (lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '7' || lpad(to_hex(n %% 4096), 3, '0')
        || '8' || lpad(to_hex(n), 15, '0'))::uuid,
       'backtest', 'backtest', 25, n, state, case when n %% 10000 = 4 then 2 else 0 end,
       case when state = 'ready' then 0 else 1 end, at, at,
       case when state <> 'ready' then at end, case when state <> 'ready' then at + interval '1 s' end,
       case when state = 'failed' then '{"type": "Broken", "message": "the lease was lost"}'::jsonb end,
       case when n %% 10000 = 2 then '00000000-0000-0000-0000-000000000007'::uuid else gen_random_uuid() end,
       jsonb_build_object('symbol', case when n %% 100000 = 3 then 'RARE' else 'AAPL' end, 'strategyId', n::text,
                          'strategy', jsonb_build_object('name', 'Strategy ' || n %% 1000,
                                                         'entryLong', repeat('close > sma(close, 5) and ', 20)))
  from generate_series(1, %(jobs)s) as n
 cross join lateral (select case when n > 0.9 * %(jobs)s then 'ready' when n %% 1000 = 1 then 'failed'
                                 else 'completed' end as state,
                            now() - make_interval(secs => 0.02 * (%(jobs)s - n)) as at) as chosen
"""


def run(options: Options) -> dict[str, Any]:
    with many_jobs(options) as (database_url, jobs):
        return {"jobs": jobs} | asyncio.run(_look(database_url, options, jobs))


@contextmanager
def many_jobs(options: Options) -> Iterator[tuple[str, int]]:
    """The address of a database that is full of jobs, and how many they are."""
    jobs = QUICK_JOBS if options.quick else JOBS
    with own_database() as database_url:
        with psycopg.connect(database_url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
            connection.execute(FILL, {"jobs": jobs})
            connection.execute("vacuum analyze pgqueue.jobs")
        say(options, f"{jobs:,} jobs are there")
        yield database_url, jobs


def _searches(jobs: int, some_id: UUID) -> dict[str, Wanted]:
    now = datetime.now(UTC)
    hour_ago = now - timedelta(hours=1)
    return {
        "newest": _wanted(),
        "job": _wanted(job_id=some_id),
        "user": _wanted(user_id=SOMEONE),
        "user_none": _wanted(user_id=UUID(int=8)),
        "requeued_from_none": _wanted(requeued_from=some_id),
        "queue_none": _wanted(queue="nope"),
        "kind_none": _wanted(kind="nope"),
        "waiting": _wanted(status="waiting"),
        "held_none": _wanted(status="held"),
        "retrying_none": _wanted(status="retrying"),
        "processing_none": _wanted(status="processing"),
        "completed": _wanted(status="completed"),
        "failed": _wanted(status="failed"),
        "cancelled_none": _wanted(status="cancelled"),
        "plan_rare": _wanted(plan="pro"),
        "plan_none": _wanted(plan="basic"),
        "symbol": _wanted(symbol="AAPL"),
        "symbol_rare": _wanted(symbol="RARE"),
        "symbol_rare_ended": _wanted(symbol="RARE", status="completed"),
        "symbol_none": _wanted(symbol="NONE"),
        "symbol_rare_waiting": _wanted(symbol="RARE", status="waiting"),
        "strategy_id_rare": _wanted(strategy_id=str(jobs // 2)),
        "strategy": _wanted(strategy="strategy 77"),
        "strategy_none": _wanted(strategy="nope"),
        "error": _wanted(error="LEASE"),
        "error_none": _wanted(error="nope"),
        "created": _wanted(since=hour_ago, until=now - timedelta(minutes=30)),
        "finished": _wanted(finished_since=now - timedelta(hours=3), finished_until=now - timedelta(hours=2)),
        "finished_failed": _wanted(finished_since=now - timedelta(hours=9), status="failed"),
        "finished_symbol_rare": _wanted(finished_until=now, symbol="RARE"),
    }


def _wanted(**members: Any) -> Wanted:
    return Wanted.model_validate({to_camel(name): member for name, member in members.items()})


async def _look(database_url: str, options: Options, jobs: int) -> dict[str, Any]:
    answer: dict[str, Any] = {}
    async with open_pool(database_url, size=4) as pool, Queue(pool) as queue:
        async with pool.connection() as connection:
            row = await (await connection.execute("select id from pgqueue.jobs offset 5000 limit 1")).fetchone()
        assert row is not None
        searches = _searches(jobs, row[0])
        for name, wanted in searches.items():
            answer[name] = await _timed(lambda wanted=wanted: _page(pool, queue, wanted))  # type: ignore[misc]
            say(options, f"{name:22} {answer[name]}")
        for name, typed in {"box_id": str(row[0]), "box_prefix": str(row[0])[:13], "box_text": "nope"}.items():
            answer[name] = await _timed(lambda typed=typed: _page(pool, queue, _wanted(q=typed)))  # type: ignore[misc]
            say(options, f"{name:22} {answer[name]}")
        answer["strategy_none_to_the_end_s"] = await _to_the_end(pool, searches["strategy_none"])
        for name in ("completed", "waiting", "failed", "finished", "strategy_none"):
            answer[f"count_{name}"] = await _timed(lambda name=name: _count(pool, searches[name]))  # type: ignore[misc]
            say(options, f"count_{name:16} {answer[f'count_{name}']}")
        for name, look in _looks(pool).items():
            answer[name] = await _timed(look)
            say(options, f"{name:22} {answer[name]}")
        answer["doctor_s"] = await _doctor(pool)
        say(options, f"doctor_s               {answer['doctor_s']}")
        answer["many_ms"] = await _many(pool, queue)
    return answer


def _looks(pool: AsyncConnectionPool) -> dict[str, Callable[[], Awaitable[object]]]:
    async def asked(look: Callable[[Any], Awaitable[object]]) -> None:
        async with pool.connection() as connection:
            await look(connection)

    looks: dict[str, Callable[[Any], Awaitable[object]]] = {
        "look_counts": overview.count_jobs,
        "look_queues": overview.list_queues,
        "look_hour": read_hour,
        "look_oldest": overview.oldest_waiting,
        "look_dashboard_each_second": lambda connection: read_all(connection, {}),
    }
    return {name: lambda look=look: asked(look) for name, look in looks.items()}  # type: ignore[misc]


async def _page(pool: AsyncConnectionPool, queue: Queue, wanted: Wanted) -> None:
    """A page as it is answered: what the box means, which jobs, and these."""
    reading = None if wanted.q is None else await read_box(wanted.q, pool, queue)
    async with pool.connection() as connection:
        found = await search(connection, search_for(wanted, reading))
    await queue.read(found.job_ids)


async def _to_the_end(pool: AsyncConnectionPool, wanted: Wanted) -> float:
    began, before = time.perf_counter(), None
    async with pool.connection() as connection:
        while True:
            before = (await search(connection, search_for(wanted, None), before=before)).following
            if before is None:
                return round(time.perf_counter() - began, 1)


async def _count(pool: AsyncConnectionPool, wanted: Wanted) -> None:
    async with pool.connection() as connection:
        await count(connection, search_for(wanted, None), most=MOST_COUNTED, most_looked_at=MOST_LOOKED_AT)


async def _doctor(pool: AsyncConnectionPool) -> dict[str, float]:
    """Over HTTP, where reading every job may take three seconds; and that reading, to its end or for half a minute."""
    took = dict[str, float]()
    async with pool.connection() as connection:
        for name, seconds in {"over_http": READING_SECONDS, "to_the_end": 30.0}.items():
            began = time.perf_counter()
            await doctor.examine(connection, reading_seconds=seconds)
            took[name] = round(time.perf_counter() - began, 1)
    return took


async def _many(pool: AsyncConnectionPool, queue: Queue) -> dict[str, float]:
    """A thousand jobs of ten users moved, cancelled, run again, deleted: each action in batches, as over HTTP."""
    async with pool.connection() as connection:
        await connection.execute("update pgqueue.plans set concurrent = 2, per_day = null, waiting = 100000")
        await connection.execute("update pgqueue.queues set max_waiting = null")
    ids = list[UUID]()
    for number in range(10):
        ids += await queue.enqueue_many("backtest", [{"symbol": "AAPL"}] * (MANY // 10), user_id=UUID(int=100 + number))
    took = dict[str, float]()
    for action in (Action.PRIORITIZE, Action.CANCEL, Action.REQUEUE, Action.DELETE):
        began, done = time.perf_counter(), 0
        for start in range(0, MANY, BATCH):
            done += len((await queue.act_on_many(action, ids[start : start + BATCH], priority=9)).done)
        took[action.value] = round((time.perf_counter() - began) * 1000)
        assert done == MANY, f"{action}: {done}"
    return took


async def _timed(ask: Callable[[], Awaitable[object]]) -> dict[str, float]:
    """Milliseconds: of the first time, and of those after it."""
    took = []
    for _ in range(ROUNDS + 1):
        began = time.perf_counter()
        await ask()
        took.append((time.perf_counter() - began) * 1000)
    first, *others = took
    figures = {"first": first, "p50": percentile(others, 0.5), "p95": percentile(others, 0.95), "max": max(others)}
    return {name: round(figure, 1) for name, figure in figures.items()}


if __name__ == "__main__":
    main(str(__doc__).split("\n", 1)[0], run)
