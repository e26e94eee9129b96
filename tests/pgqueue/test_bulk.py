import asyncio

import pytest
from psycopg_pool import AsyncConnectionPool

from pgqueue.database import open_pool
from pgqueue.queue import Queue
from queue_scene import set_plan

pytestmark = pytest.mark.anyio

ODD = ["back\\slash", "\\N", "\\.", "tab\t", "line\nfeed\r", '"quoted"', "smørrebrød 🥪", "\x7f\x01", ""]


async def test_a_bulk_stores_what_single_enqueues_store(pool: AsyncConnectionPool) -> None:
    await set_plan(pool)
    args = [{"text": text, text or "empty": [text]} for text in ODD]
    kind = "odd\\ kind\twith\nall"
    async with Queue(pool, name="odd\t\\queue") as queue:
        alone = [(await queue.enqueue(kind, each)).job_id for each in args]
        together = await queue.enqueue_many(kind, args)

        stored = {job.id: job for job in await queue.read([*alone, *together])}

    assert [stored[job_id].args for job_id in together] == args
    for one, other in zip(alone, together, strict=True):
        expected, found = stored[one], stored[other]
        assert (found.args, found.kind, found.queue, found.state, found.priority, found.tier) == (
            (expected.args, expected.kind, expected.queue, expected.state, expected.priority, expected.tier)
        )


async def test_leaving_a_queue_ends_whatever_its_hints_wait_for(database_url: str) -> None:
    """The hint waits for the connection that the bulk gives back in the moment in which the queue is left."""
    async with open_pool(database_url, size=1) as pool, asyncio.timeout(60):
        for _ in range(20):
            async with Queue(pool) as queue:
                await queue.enqueue_many("echo", [{}])
