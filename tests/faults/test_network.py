"""The network between Postgres and everyone else falls silent: no reset, no end, nothing."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from fault_scene import Load, assert_all_right, load_on, worker_process
from proxy_scene import Proxy, proxy_to

pytestmark = pytest.mark.anyio


@pytest.fixture
async def proxy(database_url: str) -> AsyncIterator[Proxy]:
    async with proxy_to(database_url) as proxy:
        yield proxy


@pytest.fixture
async def load_through(proxy: Proxy) -> AsyncIterator[Load]:
    async with load_on(proxy.url) as load:
        yield load


@pytest.mark.faults
@pytest.mark.parametrize(("cuts", "resets"), [(4, True), (1, False)], ids=["reset later", "silent for good"])
async def test_a_connection_cut_both_ways_delays_and_loses_nothing(
    proxy: Proxy, load_through: Load, cuts: int, *, resets: bool
) -> None:
    """What was under way when it was cut may have been done or not; nobody is told which.

    Where no reset ever comes, every statement under way is waited for until its time is over.
    """
    load = load_through
    async with worker_process(proxy.url, slots=2):
        async with load.flowing():
            for _ in range(cuts):
                await load.more_completed()
                proxy.cut()
                await asyncio.sleep(2)
                proxy.mend(resets=resets)
            await load.more_completed()
        await assert_all_right(load)
