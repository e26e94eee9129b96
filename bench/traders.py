"""How long do the traders' pages wait for what they ask, by a user of fifty thousand jobs among a million?

A real server on an embedded Postgres of its own, one caller on a connection per request. Nothing runs; a worker's row
says that somebody would, so that waits are estimated and not only positions counted.
"""

import asyncio
import time
from typing import Any
from urllib.parse import quote
from uuid import UUID

import numpy as np
import psycopg

from bench.caller import get, post
from bench.end_to_end import make_users
from bench.harness import Options, main, own_database, percentile, processes, say
from engine import store
from engine.bars import Bars
from engine.store import Listing
from pgqueue import Queue, open_pool

JOBS, OWN, QUICK_JOBS, QUICK_OWN = 1_000_000, 50_000, 100_000, 5_000
BARS, QUICK_BARS = 1_000_000, 100_000
DEEP, WAITING = 5_000, 1_000
ROUNDS, QUICK_ROUNDS = 20, 5
MINUTE = 60_000_000_000
RULE = "close > sma(close, n) and crosses_above(ema(close, 12), ema(close, 26)) and rsi(close, 14) < 70 and volume > 0"
FILL = """
insert into pgqueue.queues (name, max_waiting) values ('backtest', 10000000);
insert into pgqueue.jobs (queue, kind, rank, turn, state, attempt, started_at, finished_at, error, user_id, args)
select 'backtest', case when n %% 50 = 0 then 'sweep' else 'backtest' end, 25, n, state,
       case when state = 'ready' then 0 else 1 end,
       case when state <> 'ready' then now() end, case when state <> 'ready' then now() end,
       case when state = 'failed' then '{"type": "Broken", "message": "the lease was lost"}'::jsonb end,
       case when n %% (%(jobs)s / %(own)s) = 0 then %(user_id)s::uuid else gen_random_uuid() end,
       jsonb_build_object('symbol', case when n %% 100000 = 0 then 'RARE' else 'AAPL' end, 'strategyId', 'x' || n %% 50,
                          'strategy', jsonb_build_object('name', 'Number ' || n %% 1000,
                                                         'entryLong', repeat('close > sma(close, 5) and ', 20)))
  from generate_series(1, %(jobs)s) as n
 cross join lateral (select case when n %% 5000 = 0 then 'failed' when n > %(jobs)s - %(deep)s then 'ready'
                                 else 'completed' end as state) as chosen;
insert into pgqueue.workers (id, lease_expires_at, pid, slots, host, queue, version)
values (gen_random_uuid(), now() + interval '1 day', 1, 4, 'bench', 'backtest', '0');
update pgqueue.plans set per_day = null, waiting = 1000000;
"""


def run(options: Options) -> dict[str, Any]:
    jobs, own = (QUICK_JOBS, QUICK_OWN) if options.quick else (JOBS, OWN)
    with own_database() as database_url:
        ((mine, key), (waits, waiting_key)) = asyncio.run(make_users(database_url, 2))
        _fill(database_url, jobs, own, mine, QUICK_BARS if options.quick else BARS)
        asyncio.run(_wait(database_url, waits))
        say(options, f"{jobs:,} jobs are there, {own:,} of them the caller's")
        serve = ["-m", "pgqueue", "serve", "--port", "0", "--json", "--no-access-log"]
        with processes(database_url, serve, PGQUEUE_API_REQUESTS_PER_MINUTE="1000000") as (served,):
            rounds = QUICK_ROUNDS if options.quick else ROUNDS
            return {"jobs": jobs, "own": own} | asyncio.run(_ask(served["url"], key, waiting_key, rounds, options))


def _fill(database_url: str, jobs: int, own: int, user_id: UUID, bars: int) -> None:
    with psycopg.connect(database_url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        facts = {"jobs": jobs, "own": own, "user_id": user_id, "deep": DEEP}
        connection.execute(FILL, facts)
        connection.execute("vacuum analyze pgqueue.jobs")
    with psycopg.connect(database_url, autocommit=True) as connection:
        closes = 100 + np.cumsum(np.random.default_rng(1).normal(0, 0.001, bars))
        first = 1_500_000_000_000_000_000 // MINUTE * MINUTE
        store.import_bars(
            connection, Listing("MIN", "1m", "bench"), Bars.of_closes(first + np.arange(bars) * MINUTE, closes)
        )
        daily = first // (1440 * MINUTE) * 1440 * MINUTE + np.arange(2_520) * 1440 * MINUTE
        store.import_bars(connection, Listing("DAY", "1d", "bench"), Bars.of_closes(daily, closes[:2_520]))
        connection.execute("vacuum analyze engine.bars")


async def _wait(database_url: str, user_id: UUID) -> None:
    async with open_pool(database_url, size=2) as pool, Queue(pool) as queue:
        await queue.enqueue_many("backtest", [{"symbol": "AAPL"}] * WAITING, user_id=user_id)


async def _ask(url: str, key: str, waiting_key: str, rounds: int, options: Options) -> dict[str, Any]:
    jobs = "/api/backtest/jobs?limit=50"
    waiting = "/api/backtest/jobs?status=waiting&standing=1&limit="
    asked = {
        "history": (key, jobs),
        "history_of_state": (key, f"{jobs}&status=failed,cancelled"),
        "history_of_symbol": (key, f"{jobs}&symbol=RARE"),
        "history_of_name": (key, f"{jobs}&q={quote('number 77')}"),
        "history_of_kind": (key, f"{jobs}&kind=sweep"),
        "waiting_50_without_standing": (waiting_key, "/api/backtest/jobs?status=waiting&limit=50"),
        "standing_of_50": (waiting_key, f"{waiting}50"),
        "standing_of_200": (waiting_key, f"{waiting}200"),
        "account": (waiting_key, "/api/account"),
        "functions": (key, "/api/strategies/functions"),
        "chart_of_2520_days": (key, "/api/symbols/DAY/bars"),
    }
    found: dict[str, Any] = {}
    for name, (who, path) in asked.items():
        found |= _told(name, [await _timed(get(url, path, who)) for _ in range(rounds + 3)][3:])
        say(options, f"{name}: {found[f'{name}_p50_ms']} ms")
    one = (await get(url, f"{waiting}1", waiting_key))[1]["jobs"][0]["links"]["self"]
    found |= _told("single_waiting_job", [await _timed(get(url, one, waiting_key)) for _ in range(rounds)])
    # Another number of buckets each time: none is remembered.
    for name, path in (("chart_of_all_minutes", "timeframe=1m"), ("chart_of_hours_made", "timeframe=1h")):
        times = [await _timed(get(url, f"/api/symbols/MIN/bars?{path}&limit={2000 - n}", key)) for n in range(5)]
        again = [await _timed(get(url, f"/api/symbols/MIN/bars?{path}&limit={2000 - n}", key)) for n in range(5)]
        found |= _told(name, times) | _told(f"{name}_again", again)
    for name, rule in (("check_right", RULE), ("check_wrong", RULE.replace("close", "clsoe"))):
        # Never the same text twice: what was read lately is not read again.
        bodies = [_definition(f"{rule} and close > {number}") for number in range(rounds)]
        found |= _told(name, [await _timed(post(url, "/api/strategies/check", key, body)) for body in bodies])
    return found


def _definition(rule: str) -> dict[str, Any]:
    params = {"n": {"type": "int", "default": 50, "min": 2, "max": 400}}
    definition = {
        "version": 1,
        "name": "Bench",
        "params": params,
        "entryLong": rule,
        "exitLong": "close < sma(close, n)",
    }
    return {"definition": definition}


async def _timed(asking: Any) -> float:
    began = time.perf_counter()
    status, answer = await asking
    if status != 200:
        raise RuntimeError(f"answered {status}: {answer}")
    return (time.perf_counter() - began) * 1000


def _told(name: str, took: list[float]) -> dict[str, float]:
    return {f"{name}_p50_ms": round(percentile(took, 0.5), 1), f"{name}_p95_ms": round(percentile(took, 0.95), 1)}


if __name__ == "__main__":
    main(str(__doc__).split("\n", 1)[0], run)
