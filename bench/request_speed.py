"""How long does the API take for a request of each kind, one at a time?

A real server on an embedded Postgres of its own; one caller, a connection of its own per request, as a user's first
request has. Nothing runs the jobs, so the queue grows by one with every POST.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from bench.caller import get, post
from bench.end_to_end import REQUEST, load_prices, make_users
from bench.harness import Options, main, own_database, percentile, processes, say
from pgqueue import Queue, open_pool

ROUNDS = 1_000
QUICK_ROUNDS = 200
QUEUE = "/api/backtest/queue"


def run(options: Options) -> dict[str, Any]:
    with own_database() as database_url:
        load_prices(database_url)
        serve = ["-m", "pgqueue", "serve", "--port", "0", "--json", "--no-access-log"]
        with processes(database_url, serve) as (served,):
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
        took = [await _timed(ask) for _ in range(rounds + 20)][20:]
        found |= {f"{name}_p50_ms": round(percentile(took, 0.5), 2), f"{name}_p95_ms": round(percentile(took, 0.95), 2)}
        say(options, f"{name}: {rounds} requests")
    return found


async def _timed(ask: Callable[[], Awaitable[tuple[int, Any]]]) -> float:
    began = time.perf_counter()
    status, answer = await ask()
    if status != 200:
        raise RuntimeError(f"answered {status}: {answer}")
    return (time.perf_counter() - began) * 1000


async def _unlimit(database_url: str) -> None:
    async with open_pool(database_url, size=1) as pool, pool.connection() as connection:
        await connection.execute("update pgqueue.plans set per_day = null, waiting = 1000000")


if __name__ == "__main__":
    main(str(__doc__).split("\n", 1)[0], run)
