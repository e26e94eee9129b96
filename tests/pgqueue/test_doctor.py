"""A healthy database has nothing to mend; a sick one is told what, and what to do."""

from collections.abc import AsyncIterator

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from pgqueue import migrate, roles
from pgqueue.doctor import Finding, Verdict, examine
from pgqueue.maintenance import count_waiting
from pgqueue.queue import Queue
from queue_scene import expire_lease, still_worker

pytestmark = pytest.mark.anyio


@pytest.fixture
async def queue(pool: AsyncConnectionPool) -> AsyncIterator[Queue]:
    async with Queue(pool) as queue:
        yield queue


async def findings(pool: AsyncConnectionPool) -> dict[str, Finding]:
    async with pool.connection() as connection:
        return {finding.check: finding for finding in await examine(connection)}


# Of the server the tests run on, not of the database.
OF_THE_SERVER = {"durability", "role", "transactions", "connections", "row age", "notifications"}


async def test_a_healthy_database_has_nothing_to_mend(
    database_url: str, queue: Queue, pool: AsyncConnectionPool
) -> None:
    assert roles.arrange(database_url) == []
    worker = await still_worker(pool)
    await queue.enqueue("echo", {})
    await worker.end(await worker.claim_one())

    found = await findings(pool)

    assert len(found) >= 22
    ill = {check for check, finding in found.items() if finding.verdict is not Verdict.OK}
    assert ill <= OF_THE_SERVER, [found[check] for check in ill]


async def test_a_sick_database_is_told_what_to_do(database_url: str, queue: Queue, pool: AsyncConnectionPool) -> None:
    worker = await still_worker(pool)
    for _ in range(3):
        await queue.enqueue("echo", {})
    await worker.claim(1)
    await expire_lease(pool, worker.id)
    await queue.pause()
    async with pool.connection() as connection:
        await connection.execute("update pgqueue.workers set lease_expires_at = lease_expires_at - interval '1 minute'")
        await connection.execute(
            "update pgqueue.jobs set state = 'scheduled', run_at = run_at - interval '2 minutes'"
            " where id = (select id from pgqueue.jobs where state = 'ready' limit 1)"
        )
        await connection.execute(
            "insert into pgqueue.results (job_id, attempt, summary, preview, detail)"
            " select id, 1, '{}', '', '' from pgqueue.jobs where state = 'ready'"
        )
    found = await findings(pool)

    assert found["leases"].found == "1 running jobs have no live worker"
    assert "start one with `pgqueue worker`" in found["leases"].advice
    assert found["delayed jobs"].verdict is Verdict.TROUBLE
    assert found["workers"].found == "nobody works on backtest"
    assert found["paused queues"].found == "backtest"
    assert "completed job and its result do not match" in found["invariants"].found


async def test_what_was_switched_off_or_never_granted_is_named(queue: Queue, pool: AsyncConnectionPool) -> None:
    await queue.enqueue("echo", {})
    await still_worker(pool)
    async with pool.connection() as connection:
        await connection.execute("alter table pgqueue.jobs set (autovacuum_enabled = false)")
        await connection.execute("set synchronous_commit = off")
        await connection.execute("set statement_timeout = 0")
        await connection.execute("update pgqueue.queues set counted_at = now() - interval '1 h', waiting = max_waiting")
        found = {finding.check: finding for finding in await examine(connection)}

    assert "autovacuum is switched off for it" in found["dead rows"].found
    assert "synchronous_commit off" in found["durability"].found
    assert found["time limits"].verdict is Verdict.WARNING
    assert found["counts"].found == "not counted for a minute: backtest"
    assert found["room"].verdict is Verdict.TROUBLE
    assert found["roles for others"].found.endswith("missing, or without its grants")


async def test_a_quiet_queue_that_is_counted_is_all_right(queue: Queue, pool: AsyncConnectionPool) -> None:
    await still_worker(pool)
    await queue.enqueue("echo", {})
    async with pool.connection() as connection:
        await connection.execute("update pgqueue.queues set counted_at = now() - interval '2 minutes'")
    assert (await findings(pool))["counts"].verdict is Verdict.WARNING

    await count_waiting(pool, queue="backtest")

    assert (await findings(pool))["counts"].verdict is Verdict.OK


async def test_a_role_without_the_rights_of_a_worker_is_told_which(
    database_url: str, pool: AsyncConnectionPool
) -> None:
    assert roles.arrange(database_url) == []
    async with pool.connection() as connection:
        await connection.execute("grant select on pgqueue.alembic_version, pgqueue.compatibility to pgqueue_reader")
        await connection.execute("set role pgqueue_reader")
        found = {finding.check: finding for finding in await examine(connection)}
        await connection.execute("reset role")

    assert found["rights"].verdict is Verdict.TROUBLE
    assert "insert on results" in found["rights"].found
    assert found["role"].found == "connected as pgqueue_reader"


async def test_a_long_transaction_is_named(database_url: str, pool: AsyncConnectionPool) -> None:
    with psycopg.connect(database_url, application_name="forgotten") as connection:
        connection.execute("select count(*) from pgqueue.jobs")
        async with pool.connection() as mine:
            # As if it had begun long ago: the statement with the threshold taken down.
            from pgqueue.queries import sql

            query = sql("examine_transactions").replace("'1 minute'", "'0 seconds'")
            rows = await (await mine.execute(query)).fetchall()
        connection.rollback()
    assert any("forgotten, idle in transaction" in row[0] for row in rows)


async def test_a_database_that_is_not_migrated_is_said_to_be(database_url: str, pool: AsyncConnectionPool) -> None:
    migrate.downgrade(database_url, "base")
    found = await findings(pool)
    assert found["schema"].verdict is Verdict.TROUBLE
    assert found["schema"].advice == "Run `pgqueue migrate`."
    assert "invariants" not in found


async def test_what_would_read_for_too_long_is_said_not_to_be_known(queue: Queue, pool: AsyncConnectionPool) -> None:
    await queue.enqueue("echo", {})
    async with pool.connection() as connection:
        found = {finding.check: finding for finding in await examine(connection, reading_seconds=0.001)}
        row = await (await connection.execute("show statement_timeout")).fetchone()

    assert found["invariants"].found.startswith("not known")
    assert row is not None
    assert row[0] != "1ms", "what others ask over the connection has its time again"
