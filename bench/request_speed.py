"""How long does the API take for a request of each kind, one at a time, and how much processor time with Postgres?

A real server on an embedded Postgres of its own; one caller, a connection of its own per request, as a user's first
request has. Nothing runs the jobs, so the queue grows by one with every POST; a worker's row says that somebody would,
so that waits are estimated.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import psutil
import psycopg

from bench.caller import get, post
from bench.end_to_end import REQUEST, load_prices, make_users
from bench.harness import Options, main, own_database, percentile, processes, say
from pgqueue import Queue, open_pool

ROUNDS = 1_000
QUICK_ROUNDS = 200
QUEUE = "/api/backtest/queue"
WORKER = """
insert into pgqueue.workers (id, lease_expires_at, pid, slots, host, queue, version)
values (gen_random_uuid(), now() + interval '1 day', 1, 4, 'bench', 'backtest', '0')
"""


def run(options: Options) -> dict[str, Any]:
    with own_database() as database_url:
        load_prices(database_url)
        serve = ["-m", "pgqueue", "serve", "--port", "0", "--json", "--no-access-log"]
        with processes(database_url, serve, PGQUEUE_API_REQUESTS_PER_MINUTE="1000000") as (served,):
            return asyncio.run(_ask(database_url, served["url"], QUICK_ROUNDS if options.quick else ROUNDS, options))


async def _ask(database_url: str, url: str, rounds: int, options: Options) -> dict[str, Any]:
    ((user_id, key),) = await make_users(database_url, 1)
    await _unlimit(database_url)
    async with open_pool(database_url, size=2) as pool, Queue(pool) as queue:
        job = str((await queue.enqueue("backtest", {}, user_id=user_id)).job_id)
    asked: dict[str, Callable[[], Awaitable[tuple[int, Any]]]] = {
        "post": lambda: post(url, QUEUE, key, REQUEST),
        "job": lambda: get(url, f"{QUEUE}/{job}", key),
        "totals": lambda: get(url, QUEUE, key),
        "list": lambda: get(url, "/api/backtest/jobs?limit=20", key),
    }
    found: dict[str, Any] = {}
    for name, ask in asked.items():
        for _ in range(20):
            await _timed(ask)
        before = _cpu_seconds(database_url)
        took = [await _timed(ask) for _ in range(rounds)]
        api, postgres = (after - since for after, since in zip(_cpu_seconds(database_url), before, strict=True))
        found |= {f"{name}_p50_ms": round(percentile(took, 0.5), 2), f"{name}_p95_ms": round(percentile(took, 0.95), 2)}
        found |= {f"{name}_api_cpu_ms": round(api / rounds * 1000, 2)}
        found |= {f"{name}_postgres_cpu_ms": round(postgres / rounds * 1000, 2)}
        say(options, f"{name}: {rounds} requests")
    return found


def _cpu_seconds(database_url: str) -> tuple[float, float]:
    """So far: of the API's process, and of the processes that Postgres has for it."""
    (api,) = (child for child in psutil.Process().children() if "--port" in child.cmdline())
    with psycopg.connect(database_url) as connection:
        pids = connection.execute("select pid from pg_stat_activity where application_name like 'pgqueue %'").fetchall()
    return _of_process(api), sum(_of_process(psutil.Process(pid)) for (pid,) in pids)


def _of_process(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def _timed(ask: Callable[[], Awaitable[tuple[int, Any]]]) -> float:
    began = time.perf_counter()
    status, answer = await ask()
    if status != 200:
        raise RuntimeError(f"answered {status}: {answer}")
    return (time.perf_counter() - began) * 1000


async def _unlimit(database_url: str) -> None:
    async with open_pool(database_url, size=1) as pool, pool.connection() as connection:
        await connection.execute("update pgqueue.plans set per_day = null, waiting = 1000000")
        await connection.execute(WORKER)


if __name__ == "__main__":
    main(str(__doc__).split("\n", 1)[0], run)
