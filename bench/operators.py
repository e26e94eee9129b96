"""How long do an administrator's looks take among a million jobs?

The slowest question is the one no index answers: args and error texts are asked of the newest 20,000 jobs a page.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from bench.harness import Options, main, own_database, percentile, say
from pgqueue import Queue, open_pool, overview
from pgqueue.search import Criterion, JobSearch, search

JOBS, QUICK_JOBS = 1_000_000, 200_000
ROUNDS = 15
SOMEONE = UUID(int=7)
RARE = Criterion("args ->> 'symbol' = %(symbol)s", {"symbol": "RARE"}, is_indexed=True)
FILL = """
insert into pgqueue.queues (name) values ('backtest') on conflict do nothing;
insert into pgqueue.jobs (queue, kind, rank, turn, state, attempt, started_at, finished_at, error, user_id, args)
select 'backtest', 'backtest', 25, n, state, case when state = 'ready' then 0 else 1 end,
       case when state <> 'ready' then now() end, case when state <> 'ready' then now() end,
       case when state = 'failed' then '{"type": "Broken", "message": "the lease was lost"}'::jsonb end,
       case when n %% 10000 = 2 then '00000000-0000-0000-0000-000000000007'::uuid else gen_random_uuid() end,
       jsonb_build_object('symbol', case when n %% 10000 = 3 then 'RARE' else 'AAPL' end, 'strategyId', n,
                          'strategy', jsonb_build_object('entryLong', repeat('close > sma(close, 5) and ', 20)))
  from generate_series(1, %(jobs)s) as n
 cross join lateral (select case when n %% 1000 = 1 then 'failed' when n %% 2 = 0 then 'ready'
                                 else 'completed' end as state) as chosen
"""


def run(options: Options) -> dict[str, Any]:
    jobs = QUICK_JOBS if options.quick else JOBS
    with own_database() as database_url:
        with psycopg.connect(database_url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
            connection.execute(FILL, {"jobs": jobs})
            connection.execute("vacuum analyze pgqueue.jobs")
        say(options, f"{jobs:,} jobs are there")
        return {"jobs": jobs} | asyncio.run(_look(database_url, options))


async def _look(database_url: str, options: Options) -> dict[str, Any]:
    yesterday = datetime.now(UTC) - timedelta(days=1)
    searches = {
        "newest": JobSearch(),
        "failed": JobSearch(status="failed"),
        "user": JobSearch(user_id=SOMEONE),
        "since": JobSearch(since=yesterday, status="waiting"),
        "error": JobSearch(error="LEASE"),
        "symbol": JobSearch(criteria=[RARE]),
    }
    found: dict[str, float] = {}
    async with open_pool(database_url, size=2) as pool, Queue(pool) as queue:

        async def searched(wanted: JobSearch) -> None:
            async with pool.connection() as connection:
                page = await search(connection, wanted)
            await queue.read(page.job_ids)

        async def looked(look: Callable[[Any], Awaitable[object]]) -> None:
            async with pool.connection() as connection:
                await look(connection)

        waiting = (await queue.enqueue("backtest", {}, priority=1)).job_id
        for name, wanted in searches.items():
            found[f"{name}_ms"] = await _median(lambda wanted=wanted: searched(wanted))  # type: ignore[misc]
        for look in (overview.count_jobs, overview.list_queues, overview.last_hour, overview.oldest_waiting):
            found[f"{look.__name__}_ms"] = await _median(lambda look=look: looked(look))  # type: ignore[misc]
        found["estimate_ms"] = await _median(lambda: queue.estimate(waiting))
    say(options, f"medians of {ROUNDS}")
    return found


async def _median(ask: Callable[[], Awaitable[object]]) -> float:
    took = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        await ask()
        took.append((time.perf_counter() - began) * 1000)
    return round(percentile(took, 0.5), 1)


if __name__ == "__main__":
    main(str(__doc__).split("\n", 1)[0], run)
