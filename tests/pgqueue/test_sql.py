"""Every statement is EXPLAINed against the migrated schema, and the claim keeps to its index."""

import re
from importlib.resources import files
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import ClientCursor
from psycopg_pool import AsyncConnectionPool

from pgqueue.cursor import RANKS, Cursor
from pgqueue.database import open_pool
from pgqueue.queries import sql
from pgqueue.queue import Queue
from queue_scene import StillWorker, still_worker

ONE = UUID(int=1)
PARAMETERS: dict[str, Any] = {
    "actor": "a", "amount": 1, "args": "{}", "at_most": 1, "attempts": [1], "before": None, "before_id": None,
    "before_user": None, "once": None,
    "channels": ["c"],
    "concurrent": "1", "count": 1, "count_limit": 10, "crash_limit": 3, "credits": 1, "delays": [1.0],
    "details": [b""], "draining": False, "ended_within_seconds": 600.0, "error": "{}", "errors": [None],
    "floors": [0], "heads": [0],
    "host": "h", "idempotency_key": "k", "is_delayed": False, "job_id": ONE, "job_ids": [ONE], "keep_days": 30,
    "keep_details_days": 30, "keep_attempts_days": 30, "keep_events_days": 30,
    "kind": "k", "lease_seconds": 10.0, "limit": 5, "max_retries": 3, "max_running": 1,
    "max_wait_seconds": 600.0, "max_waiting": 1, "memory_bytes": 1, "note": "n", "outcomes": ["completed"],
    "paused": True,
    "payloads": ["p"], "per_day": "1", "per_seconds": 1.0, "percents": [1], "permanent": [False], "pid": 1,
    "places": 1, "plan": "free", "previews": [b""], "priority": 5, "queue": "q", "rank": 1, "ranks": [1],
    "turns": [1], "remaining": [1.0],
    "request_hash": b"", "requeued_as": ONE, "requeued_from": None,
    "reserved": False, "role": "pgqueue_api", "run_at": None, "set_max_running": True,
    "set_max_waiting": True, "set_starts": True, "since": None, "slots": 1,
    "snooze_limit": 1, "snoozed_too_often": "{}", "started": 1, "starts": 1,
    "states": None, "steps": ["s"], "summaries": ["{}"], "tier": 0, "user_id": ONE, "user_ids": [ONE],
    "version": "1", "waiting": "1", "worker_id": ONE,
    "backend_pid": 1, "names": ["work_mem"], "roles": ["r"], "seconds": 1.0, "settings": ["1MB"],
}  # fmt: skip

STATEMENTS = sorted(
    (package, path.name.removesuffix(".sql"))
    for package in ("pgqueue",)
    for path in (files(package) / "sql").iterdir()
    if path.name.endswith(".sql") and path.name != "copy_jobs.sql"  # COPY has no plan
)


@pytest.mark.parametrize(("package", "verb"), STATEMENTS)
def test_statement_can_be_explained(database_url: str, package: str, verb: str) -> None:
    text = sql(verb)
    assert text.startswith("-- "), "a statement begins with the line that says what it does"

    with psycopg.connect(database_url, cursor_factory=ClientCursor) as connection:
        plan = connection.execute(f"explain {text}", PARAMETERS).fetchall()

    assert plan


def test_no_statement_counts_on_a_search_path() -> None:
    for _, verb in STATEMENTS:
        bare = re.findall(
            r"\b(?:from|join|update|into)\s+(jobs|progress|attempts|results|workers|turns|lanes|queues)\b", sql(verb)
        )
        assert not bare, f"{verb}.sql names {bare} without its schema"


def explain_claim(connection: psycopg.Connection[Any], worker_id: UUID) -> str:
    parameters = {"queue": "q", "limit": 2, "worker_id": worker_id, "reserved": False, "heads": [0] * 31}
    rows = connection.execute(f"explain (analyze, costs off, timing off) {sql('claim')}", parameters).fetchall()
    return "\n".join(row[0] for row in rows)


@pytest.mark.parametrize("analysed", [False, True])
def test_claim_walks_its_index_and_touches_few_jobs_however_many_wait(database_url: str, analysed: bool) -> None:
    worker_id = uuid4()
    with psycopg.connect(database_url, autocommit=True, cursor_factory=ClientCursor) as connection:
        connection.execute(sql("ensure_queue"), {"queue": "q"})
        connection.execute(sql("register_worker"), PARAMETERS | {"worker_id": worker_id, "lease_seconds": 600.0})
        connection.execute(
            "insert into pgqueue.jobs (queue, kind, rank, turn, state, args)"
            " select 'q', 'k', 1 + n % 30, n, 'ready', '{}' from generate_series(1, 20000) as n"
        )
        if analysed:
            connection.execute("analyze pgqueue.jobs, pgqueue.turns, pgqueue.workers")

        plan = explain_claim(connection, worker_id)

    assert "jobs_ready_idx" in plan
    assert "Seq Scan on jobs" not in plan
    read = [float(rows) for rows in re.findall(r"jobs_ready_idx on jobs \(actual rows=([\d.]+)", plan)]
    assert read, plan
    assert max(read) <= 2, plan


def blocks_read(connection: psycopg.Connection[Any], worker_id: UUID, heads: list[int]) -> int:
    """Blocks that a claim of two looks at."""
    parameters = {"queue": "q", "limit": 2, "worker_id": worker_id, "reserved": False, "heads": heads}
    row = connection.execute(f"explain (analyze, buffers, format json) {sql('claim')}", parameters).fetchone()
    assert row is not None
    plan = row[0][0]["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])


@pytest.mark.anyio
async def test_claim_beside_an_open_transaction_does_not_walk_over_what_was_claimed(database_url: str) -> None:
    worker_id, cursor = uuid4(), Cursor("q")
    with (
        psycopg.connect(database_url) as open_transaction,
        psycopg.connect(database_url, autocommit=True, cursor_factory=ClientCursor) as connection,
    ):
        connection.execute(sql("ensure_queue"), {"queue": "q"})
        connection.execute(sql("register_worker"), PARAMETERS | {"worker_id": worker_id, "lease_seconds": 600.0})
        connection.execute(
            # Turns in no order, so that neighbours in the index lie on different pages.
            "insert into pgqueue.jobs (queue, kind, rank, turn, state, args)"
            " select 'q', 'k', 1, n * 7919 % 20011, 'ready', '{}' from generate_series(1, 20000) as n"
        )
        open_transaction.execute("set transaction isolation level repeatable read")
        open_transaction.execute("select pg_current_xact_id(), count(*) from pgqueue.queues")
        connection.execute(
            "update pgqueue.jobs set state = 'processing', worker_id = %s where turn <= 10000", (worker_id,)
        )
        connection.execute("vacuum pgqueue.jobs")
        cursor.note(1, 10_000)
        async with open_pool(database_url, size=1, application_name="test") as pool:
            for _ in range(3):
                await cursor.move(pool)

        assert blocks_read(connection, worker_id, cursor.heads) < 300
        # Without the cursor the same claim reads what there was before it.
        assert blocks_read(connection, worker_id, [0] * RANKS) > 3_000


@pytest.mark.anyio
@pytest.mark.parametrize("keeps_plans", [False, True])
async def test_claim_first_run_on_empty_tables_stays_good_when_they_are_full(
    database_url: str, keeps_plans: bool
) -> None:
    """A prepared statement may keep for good the plan it got while there was nothing to read."""
    async with open_pool(database_url, size=1, application_name="test", keeps_plans=keeps_plans) as pool:
        worker = await still_worker(pool)
        async with Queue(pool) as queue:
            await queue.enqueue("echo", {})
        for _ in range(10):
            await worker.claim()
        await fill_and_claim(database_url, pool, worker)


async def fill_and_claim(database_url: str, pool: AsyncConnectionPool, worker: StillWorker) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        connection.execute(
            "insert into pgqueue.jobs (queue, kind, rank, turn, state, args)"
            " select 'backtest', 'k', 1, n, 'ready', '{}' from generate_series(1, 20000) as n"
        )
        await flush_counters(pool)
        before = scans(connection)
        claimed = [await worker.claim(2) for _ in range(10)]
        await flush_counters(pool)

        assert [len(jobs) for jobs in claimed] == [2] * 10
        assert scans(connection) == before, "the claim read the whole table"


async def flush_counters(pool: AsyncConnectionPool) -> None:
    # The pool has one connection, which flushes its own counters when this transaction ends.
    async with pool.connection() as connection:
        await connection.execute("select pg_stat_force_next_flush()")


def scans(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute(
        "select seq_scan from pg_stat_user_tables where relid = 'pgqueue.jobs'::regclass"
    ).fetchone()
    assert row is not None
    return int(row[0])
