"""Does a claim cost more the more jobs wait, and the more have ended?

Claims of two jobs, as a worker makes them, while 10,000 and while 1,000,000 wait: nine tenths of them a single user's,
who is at the limit of his plan, the first of them enqueued before everybody else's. Then the same beside jobs that have
ended: 10,000,000 in full, 1,000,000 in --quick. After every fifty claims what runs is completed and as much is added at
the end of the line, untimed, so that the line moves on and stays as long. The tables are filled by SQL, without their
triggers; the lanes' counts are set to what was put in.
"""

import asyncio
import time
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg_pool import AsyncConnectionPool

from bench.harness import Options, main, own_database, percentile, say
from pgqueue import open_pool
from pgqueue.claim import claim
from pgqueue.cursor import RANKS, Cursor
from pgqueue.ending import Ending, Endings
from pgqueue.job import ClaimedJob, Outcome
from pgqueue.lease import Lease
from pgqueue.queries import sql

SAMPLES, WARM_UP, ROUND = 1_600, 50, 50
A_CLAIM = 2
FEW, MANY = 10_000, 1_000_000
SATURATED = UUID(int=1)
QUEUE = "backtest"


def run(options: Options) -> dict[str, Any]:
    finished = 1_000_000 if options.quick else 10_000_000
    with own_database() as database_url:
        fill_waiting(database_url, 0, FEW)
        few = asyncio.run(claims(database_url))
        fill_waiting(database_url, FEW, MANY)
        many = asyncio.run(claims(database_url))
        say(options, explain(database_url))
        fill_finished(database_url, finished)
        beside_finished = asyncio.run(claims(database_url))
    p99 = {"1e4": few, "1e6": many, "finished": beside_finished}
    for name, milliseconds in p99.items():
        say(options, f"{name:<10}{len(milliseconds)} claims, p50 {percentile(milliseconds, 0.5):.2f} ms")
    answers = {f"p99_ms_{name}": round(percentile(milliseconds, 0.99), 2) for name, milliseconds in p99.items()}
    return answers | {
        "ratio": round(percentile(many, 0.99) / percentile(few, 0.99), 2),
        "finished": finished,
        "ratio_finished": round(percentile(beside_finished, 0.99) / percentile(few, 0.99), 2),
    }


FILL = (
    (
        "insert into pgqueue.accounts (user_id, tier) select lpad(to_hex(n), 32, '0')::uuid, 0"
        " from generate_series(1, 1001) as n on conflict do nothing"
    ),
    "select pgqueue.ensure_queue('backtest')",
    # The saturated user's jobs are held back but for two that run; everybody else's stand ready, a turn each.
    (
        "insert into pgqueue.jobs (id, queue, kind, user_id, rank, turn, state, limited, args)"
        " select lpad(to_hex(n), 32, '0')::uuid, 'backtest', 'none', case when n %% 10 > 0 then %(saturated)s"
        "        else lpad(to_hex(2 + n / 10 %% 1000), 32, '0')::uuid end,"
        "        26, n, case when n %% 10 > 0 then 'held' else 'ready' end, true, '{}'"
        "   from generate_series(%(have)s + 1, %(want)s) as n"
    ),
    "truncate pgqueue.lanes",
    (
        "insert into pgqueue.lanes (queue, user_id, slots, used, parked, day)"
        " select queue, user_id, case when user_id = %(saturated)s then 2 end,"
        "        case when user_id = %(saturated)s then 2 else 1000 end + count(*) filter (where state = 'ready'),"
        "        count(*) filter (where state = 'held'), current_date"
        "   from pgqueue.jobs where limited and finished_at is null group by queue, user_id"
    ),
)
AS_MANY_MORE = """
insert into pgqueue.jobs (queue, kind, user_id, rank, turn, state, limited, args)
select 'backtest', 'none', lpad(to_hex(2 + n %% 1000), 32, '0')::uuid, 26, last.turn + n, 'ready', true, '{}'
  from generate_series(1, %(count)s) as n,
       (select max(turn) as turn from pgqueue.jobs where queue = 'backtest' and rank = 26 and state = 'ready') as last
"""
FINISHED = (
    (
        "insert into pgqueue.jobs"
        "   (id, queue, kind, user_id, rank, turn, state, attempt, args, started_at, finished_at)"
        " select lpad(to_hex(1000000000 + n), 32, '0')::uuid, 'backtest', 'none',"
        "        lpad(to_hex(2 + n %% 1000), 32, '0')::uuid, 26, 0, 'completed', 1, '{}',"
        "        clock_timestamp(), clock_timestamp()"
        "   from generate_series(1, %(count)s) as n"
    ),
)


def fill_waiting(database_url: str, have: int, want: int) -> None:
    fill(database_url, FILL, {"have": have, "want": want, "saturated": SATURATED})


def fill_finished(database_url: str, count: int) -> None:
    fill(database_url, FINISHED, {"count": count})


def fill(database_url: str, statements: tuple[str, ...], parameters: dict[str, Any]) -> None:
    with psycopg.connect(database_url, autocommit=True, cursor_factory=psycopg.ClientCursor) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("set synchronous_commit = off")
        connection.execute("set maintenance_work_mem = '512MB'")
        # Some indexes are built faster than they are filled row by row.
        definitions = connection.execute(
            "select indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index"
            " where indrelid = 'pgqueue.jobs'::regclass and not indisunique"
        ).fetchall()
        for name, _ in definitions:
            connection.execute(f"drop index {name}".encode())
        for statement in statements:
            connection.execute(statement.encode(), parameters)
        for _, definition in definitions:
            connection.execute(definition.encode())
        connection.execute("vacuum analyze pgqueue.jobs, pgqueue.lanes, pgqueue.turns, pgqueue.progress")


async def claims(database_url: str) -> list[float]:
    """Milliseconds of each claim, the round trip and the decoding included."""
    took = []
    async with open_pool(database_url, size=2, application_name="bench") as pool:
        lease = Lease(pool, queue=QUEUE, slots=2, seconds=600.0)
        await lease.take()
        endings = Endings(pool, lease.worker_id)
        writing = asyncio.create_task(endings.run())
        cursor = Cursor(QUEUE)
        for _ in range((WARM_UP + SAMPLES) // ROUND):
            await refill(pool)
            await cursor.move(pool)
            running = []
            for _ in range(ROUND):
                began = time.perf_counter()
                jobs = await claim(pool, queue=QUEUE, worker_id=lease.worker_id, limit=A_CLAIM, cursor=cursor)
                took.append((time.perf_counter() - began) * 1000)
                assert len(jobs) == A_CLAIM
                running += jobs
            await endings.write([completed(job) for job in running])
        writing.cancel()
        await lease.end()
    return took[WARM_UP:]


def completed(job: ClaimedJob) -> Ending:
    return Ending(job.id, job.attempt, Outcome.COMPLETED, summary="{}", preview=b"", detail=b"")


async def refill(pool: AsyncConnectionPool) -> None:
    async with pool.connection() as connection:
        await connection.execute(AS_MANY_MORE, {"count": ROUND * A_CLAIM})


def explain(database_url: str) -> str:
    """How Postgres does one claim of two jobs; it is rolled back."""
    with psycopg.connect(database_url, cursor_factory=psycopg.ClientCursor) as connection:
        worker_id = uuid4()
        facts = {"host": "bench", "pid": 1, "slots": 2, "queue": QUEUE, "version": "0", "lease_seconds": 60.0}
        connection.execute(sql("register_worker"), {"worker_id": worker_id, **facts})
        parameters = {"queue": QUEUE, "limit": A_CLAIM, "worker_id": worker_id, "reserved": False, "heads": [0] * RANKS}
        rows = connection.execute(f"explain (analyze, buffers, costs off) {sql('claim')}".encode(), parameters)
        plan = "\n".join(row[0] for row in rows)
        connection.rollback()
    return plan


if __name__ == "__main__":
    main(__doc__.splitlines()[0], run)
