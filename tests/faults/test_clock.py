"""The worker's host has another time than everyone else."""

import os
from pathlib import Path

import pytest

from fault_scene import Load, assert_all_right, worker_process
from pgqueue.job import JobState
from queue_scene import count

LIBRARIES = [str(path) for path in Path("/usr/lib").glob("**/faketime/libfaketime.so.1")]
"""Of Debian's package `libfaketime`: every program that is started with it lives at another time, its libraries too."""

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(not LIBRARIES and "CI" not in os.environ, reason="needs libfaketime: apt install faketime"),
]


@pytest.mark.parametrize("off", ["+1h", pytest.param("-1h", marks=pytest.mark.faults)])
async def test_a_worker_whose_clock_is_an_hour_off_works_like_any_other(load: Load, off: str) -> None:
    """Beside one whose clock is right: neither takes the other for dead, a retry comes when it is due."""
    wrong = worker_process(
        load.database_url, lease_seconds=2, environment={"LD_PRELOAD": LIBRARIES[0], "FAKETIME": off}
    )
    async with wrong, worker_process(load.database_url, lease_seconds=2):
        retried = await load.press("fail", {"times": 1})
        await load.press_often(40)
        assert (await load.ended(retried)).state is JobState.COMPLETED
        await assert_all_right(load)
    assert await count(load.pool, AN_HOUR_OFF) > 0


AN_HOUR_OFF = """
select count(*)
  from pgqueue.results join pgqueue.jobs on id = job_id
 where abs(extract(epoch from finished_at) - (summary ->> 'clock')::float8) > 3000
"""
