"""While a result of a million points is read, how long do other callers wait?

A real server; one caller reads the whole curve as JSON and as CSV, another asks whether the server lives, one request
after the other. Beside it the same curve encoded in one piece, as a server would that did not send it in pieces.
"""

import asyncio
import json
import time
from typing import Any
from uuid import UUID

import httpx
import numpy as np
from psycopg.types.json import Jsonb

from bench.end_to_end import make_users
from bench.harness import Options, main, own_database, percentile, processes, say
from engine.result import BacktestResult, Coverage, decode_detail, detail, preview
from engine.trades import TRADE
from pgqueue import Queue, open_pool

POINTS, QUICK_POINTS = 1_000_000, 200_000
MINUTE = 60_000_000_000
FINISH = """
with ended as (
  update pgqueue.jobs
     set state = 'completed', attempt = 1, started_at = now(), finished_at = now()
   where id = %(job_id)s
)
insert into pgqueue.results (job_id, attempt, summary, preview, detail)
values (%(job_id)s, 1, %(summary)s, %(preview)s, %(detail)s)
"""
QUESTIONS = {"json": "equity=full", "csv": "format=csv&of=equity"}


def run(options: Options) -> dict[str, Any]:
    points = QUICK_POINTS if options.quick else POINTS
    result = _result(points)
    began = time.perf_counter()
    json.dumps(decode_detail(detail(result)).curves())
    in_one_piece = time.perf_counter() - began
    with own_database() as database_url:
        ((user_id, key),) = asyncio.run(make_users(database_url, 1))
        job_id = asyncio.run(_store(database_url, user_id, result))
        say(options, f"a result of {points:,} points is there")
        serve = ["-m", "pgqueue", "serve", "--port", "0", "--json", "--no-access-log"]
        with processes(database_url, serve, PGQUEUE_API_REQUESTS_PER_MINUTE="1000000") as (served,):
            found = asyncio.run(_read(served["url"], key, job_id, points))
    return {"points": points, "in_one_piece_ms": round(in_one_piece * 1000)} | found


def _result(points: int) -> BacktestResult:
    time_of = 1_500_000_000_000_000_000 // MINUTE * MINUTE + np.arange(points) * MINUTE
    equity = 10_000 + np.cumsum(np.random.default_rng(1).normal(0, 1, points))
    coverage = Coverage("MIN", "1m", "", "", "", "", points, True, True, False, "bench", 1)
    trades = np.empty(0, TRADE)
    return BacktestResult("Bench", 10_000.0, time_of, equity, time_of // (1440 * MINUTE), trades, {}, {}, coverage)


async def _store(database_url: str, user_id: UUID, result: BacktestResult) -> UUID:
    async with open_pool(database_url, size=2) as pool, Queue(pool) as queue:
        job_id = (await queue.enqueue("backtest", {}, user_id=user_id)).job_id
        stored = {"summary": Jsonb({}), "preview": preview(result), "detail": detail(result)}
        async with pool.connection() as connection:
            await connection.execute(FINISH, {"job_id": job_id, **stored})
    return job_id


async def _read(url: str, key: str, job_id: UUID, points: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=120) as client:
        at_rest = await _waits(client, asyncio.create_task(asyncio.sleep(1)))
        found["others_at_rest_p99_ms"] = round(percentile(at_rest, 0.99), 1)
        for name, query in QUESTIONS.items():
            began = time.perf_counter()
            path = f"/api/backtest/queue/{job_id}/result?{query}"
            waits = await _waits(client, reading := asyncio.create_task(_length(url, path, headers)))
            if (length := reading.result()) < points * 20:
                raise RuntimeError(f"{path}: {length} bytes of {points} points")
            found |= {
                f"{name}_s": round(time.perf_counter() - began, 2),
                f"others_during_{name}_p50_ms": round(percentile(waits, 0.5), 1),
                f"others_during_{name}_p99_ms": round(percentile(waits, 0.99), 1),
                f"others_during_{name}_max_ms": round(max(waits), 1),
            }
    return found


async def _length(url: str, path: str, headers: dict[str, str]) -> int:
    """Read by a process of its own: what it does must not delay who measures."""
    command = ["curl", "-sS", "-o", "/dev/null", "-w", "%{http_code} %{size_download}"]
    sent = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    reader = await asyncio.create_subprocess_exec(*command, *sent, url + path, stdout=asyncio.subprocess.PIPE)
    status, length = (await reader.communicate())[0].split()
    if status != b"200":
        raise RuntimeError(f"{path} answered {status.decode()}")
    return int(length)


async def _waits(client: httpx.AsyncClient, until: "asyncio.Task[Any]") -> list[float]:
    """Milliseconds that each request took, one after the other, while that goes on."""
    took = []
    while not until.done():
        began = time.perf_counter()
        (await client.get("/livez")).raise_for_status()
        took.append((time.perf_counter() - began) * 1000)
    return took


if __name__ == "__main__":
    main(str(__doc__).split("\n", 1)[0], run)
