"""Others use the same database badly, for the whole run."""

from contextlib import AsyncExitStack

import psycopg
import pytest

from fault_scene import Load, assert_all_right, worker_process

pytestmark = pytest.mark.anyio


async def test_a_writer_idle_in_its_transaction_holds_nobody_up(load: Load) -> None:
    async with await psycopg.AsyncConnection.connect(load.database_url) as idle:
        await idle.execute("create table scratch ()")
        async with worker_process(load.database_url, slots=2):
            await load.press_often(60, seconds=0.05)
            await assert_all_right(load)
        assert idle.info.transaction_status is psycopg.pq.TransactionStatus.INTRANS


@pytest.mark.faults
async def test_four_long_repeatable_reads_hold_nobody_up(load: Load) -> None:
    async with AsyncExitStack() as stack:
        for _ in range(4):
            reader = await stack.enter_async_context(await psycopg.AsyncConnection.connect(load.database_url))
            await reader.set_isolation_level(psycopg.IsolationLevel.REPEATABLE_READ)
            await reader.execute("select count(*) from pgqueue.jobs")
        async with worker_process(load.database_url, slots=2):
            await load.press_often(60, seconds=0.05)
            await assert_all_right(load)
        # It still reads what was there before the first job.
        assert await (await reader.execute("select count(*) from pgqueue.jobs")).fetchone() == (0,)


@pytest.mark.faults
async def test_a_caller_idle_in_the_transaction_it_enqueued_in_holds_no_other_user_up(load: Load) -> None:
    """Its user's own jobs wait for it, for it may yet enqueue or not; everyone else's go on."""
    patient, *others = load.tiers
    async with worker_process(load.database_url, slots=2):
        async with await psycopg.AsyncConnection.connect(load.database_url) as idle:
            running = await load.press("steps", {"steps": 10, "seconds": 1}, user=patient)
            await load.started(running)
            enqueued = await load.queue.enqueue("echo", {}, user_id=patient, tier=load.tiers[patient], connection=idle)
            for user in others * 6:
                await load.press("steps", {"steps": 2, "seconds": 0.1}, user=user)
            for job_id in load.job_ids:
                if job_id != running:
                    await load.ended(job_id)
            assert idle.info.transaction_status is psycopg.pq.TransactionStatus.INTRANS
        load.job_ids.append(enqueued.job_id)
        await assert_all_right(load)
