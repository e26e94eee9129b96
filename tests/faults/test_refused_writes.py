"""Results that cannot be written: a trigger refuses them, as a full disk would."""

import asyncio

import pytest

from fault_scene import Load, assert_all_right, worker_process
from pgqueue.job import JobState
from queue_scene import attempts, wait_for

pytestmark = pytest.mark.anyio

REFUSED = {"steps": 3, "seconds": 0.1}
"""Args of a job whose result is refused where only some are."""


async def refuse(load: Load, *, when: str, errcode: str) -> None:
    async with load.pool.connection() as connection:
        await connection.execute(
            f"create function refuse() returns trigger language plpgsql as $$ begin"
            f" raise exception 'could not extend file' using errcode = '{errcode}'; end $$;"
            f"create trigger refuse before insert on pgqueue.results for each row when ({when})"
            " execute function refuse()"
        )


async def accept(load: Load) -> None:
    async with load.pool.connection() as connection:
        await connection.execute("drop function refuse() cascade")


ONE_KIND = "new.summary ->> 'steps' = '3'"


@pytest.mark.faults
async def test_a_result_that_is_always_refused_fails_its_job_after_the_retries_and_harms_no_other(load: Load) -> None:
    await refuse(load, when=ONE_KIND, errcode="check_violation")
    async with worker_process(load.database_url, slots=2):
        refused = await load.press("steps", REFUSED)
        await load.press_often(30)
        assert (await load.ended(refused)).state is JobState.FAILED
        await assert_all_right(load, failed=[refused])
    assert await attempts(load.pool, refused) == [(number, "failed") for number in range(1, 5)]


async def test_a_result_that_was_refused_is_saved_by_the_retry_once_it_can_be(load: Load) -> None:
    await refuse(load, when=ONE_KIND, errcode="check_violation")
    async with worker_process(load.database_url, slots=2):
        refused = await load.press("steps", REFUSED)
        await load.press_often(10)
        await wait_for(load.database_url, load.queue, refused, lambda job: job.state is JobState.SCHEDULED)
        await accept(load)
        await assert_all_right(load)
    assert (await attempts(load.pool, refused))[-1] == (2, "completed")


async def test_results_wait_while_the_disk_is_full_and_no_run_is_repeated(load: Load) -> None:
    await refuse(load, when="true", errcode="disk_full")
    async with worker_process(load.database_url, slots=2):
        await load.press_often(20)
        await asyncio.sleep(3)
        await accept(load)
        await assert_all_right(load)
    for job_id in load.job_ids:
        assert await attempts(load.pool, job_id) == [(1, "completed")]


@pytest.mark.faults
async def test_one_result_that_finds_no_room_harms_no_other_user(load: Load) -> None:
    """It keeps its place, so its own user's later jobs may have to wait for it."""
    await refuse(load, when=ONE_KIND, errcode="disk_full")
    patient, *others = load.tiers
    async with worker_process(load.database_url, slots=2):
        refused = await load.press("steps", REFUSED, user=patient)
        await load.started(refused)
        for user in others * 6:
            await load.press("steps", {"steps": 2, "seconds": 0.1}, user=user)
        for job_id in load.job_ids:
            if job_id != refused:
                await load.ended(job_id)
        await accept(load)
        await assert_all_right(load)
    assert await attempts(load.pool, refused) == [(1, "completed")]
