"""Many claimers and few places."""

import asyncio
from contextlib import AsyncExitStack
from uuid import UUID

import psycopg
import pytest

from fault_scene import PLANS, Load, assert_all_right, worker_process

pytestmark = pytest.mark.anyio

RUNNING = "select user_id, count(*) from pgqueue.jobs where state = 'processing' group by user_id"


async def test_no_user_ever_runs_more_than_the_plan_allows_however_many_claim(load: Load) -> None:
    """Looked at while it happens, and in the books afterwards, by assert_all_right."""
    most = dict.fromkeys(load.tiers, 0)
    async with AsyncExitStack() as stack:
        for _ in range(4):
            await stack.enter_async_context(worker_process(load.database_url, slots=3))
        sampling = asyncio.create_task(sample(load.database_url, most))
        await load.press_often(150, seconds=0.05)
        await load.all_ended()
        sampling.cancel()
        await asyncio.gather(sampling, return_exceptions=True)
        await assert_all_right(load)
    assert all(0 < most[user] <= PLANS[tier].concurrent for user, tier in load.tiers.items()), most


async def sample(database_url: str, most: dict[UUID, int]) -> None:
    async with await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        while True:
            for user, running in await (await connection.execute(RUNNING)).fetchall():
                most[user] = max(most[user], running)
