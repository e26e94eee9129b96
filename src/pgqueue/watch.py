"""Follow jobs as they change, to their end."""

import asyncio
from collections.abc import AsyncIterator, Collection
from collections.abc import Set as AbstractSet
from contextlib import asynccontextmanager
from uuid import UUID

from pgqueue.hints import CHANGED, parse_ids
from pgqueue.job import JobSnapshot
from pgqueue.listener import Listener
from pgqueue.queue import Queue

POLL_SECONDS = 2.0
"""Hints make it prompt, the poll makes it certain."""


async def watch(database_url: str, queue: Queue, job_ids: Collection[UUID]) -> AsyncIterator[JobSnapshot]:
    """Each job as it is now, then at every change, until all are final. Unknown ids yield nothing.

    Steps in between may be left out (latest wins), the final one never.
    """
    open_ids = set(job_ids)
    seen: dict[UUID, int] = {}
    async with _changes(database_url, open_ids) as changed:
        while open_ids:
            changed.clear()
            jobs = await queue.read(list(open_ids))
            open_ids &= {job.id for job in jobs}
            for job in jobs:
                if seen.get(job.id) != job.seq:
                    seen[job.id] = job.seq
                    yield job
                if job.is_final:
                    open_ids.discard(job.id)
            if open_ids:
                await _wait(changed)


@asynccontextmanager
async def _changes(database_url: str, job_ids: AbstractSet[UUID]) -> AsyncIterator[asyncio.Event]:
    changed = asyncio.Event()
    connected = asyncio.Event()

    def on_notify(_channel: str, payload: str) -> None:
        if not job_ids.isdisjoint(parse_ids(payload)):
            changed.set()

    def on_connected() -> None:
        connected.set()
        changed.set()

    listener = Listener(database_url, (CHANGED,), on_notify=on_notify, on_connected=on_connected, on_lost=connected.set)
    listening = asyncio.create_task(listener.run(), name="pgqueue watch")
    try:
        # First listen, then read: what changes in between is heard.
        await connected.wait()
        yield changed
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


async def _wait(changed: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(POLL_SECONDS):
            await changed.wait()
    except TimeoutError:
        pass
