"""From the database to the hub: one LISTEN connection per process, the rows that hints speak of, snapshots in batches.

Notifications are hints; what is published is always read from the rows. A hint lost is a delay: watched jobs that have
not ended are read again every few seconds, and while nothing can be heard at all that same reading takes over, faster.
"""

import asyncio
import logging
import time
from collections.abc import Iterable
from itertools import islice
from random import random
from uuid import UUID

import psycopg
from psycopg_pool import PoolTimeout

from api.hub import Hub
from api.readers import Reader
from pgqueue import CHANGED, Listener, Queue, loudness, parse_ids

RETRY_SECONDS = 0.5
RECENT_JOBS = 50
"""How many of a user's newest jobs a re-read looks through for ones it never heard of."""
ALL_RECENT_JOBS = 1_000
"""The same after a silence, as many as a snapshot holds: whole jobs may have come and gone in it."""
SNAPSHOTS_AT_ONCE = 100
SOUND_SECONDS = 60.0
"""A relay that held so long was sound: when it breaks after all, it is made anew as soon as the first time."""
LONGEST_BACKOFF_SECONDS = 30.0
MOST_FAILURES = 10

log = logging.getLogger(__name__)


class Relay:
    """Feeds the hub until cancelled. queue: on connections of its own, so that no crowd of requests delays it.

    Its loops ask whether the hub is closing, too: Python 3.11's wait_for, beneath the pool, may swallow a cancellation.
    """

    def __init__(
        self, hub: Hub, queue: Queue, database_url: str, *, reread_seconds: float, poll_seconds: float
    ) -> None:
        self.is_broken = False
        self._hub = hub
        self._queue = queue
        self._reread_seconds = reread_seconds
        self._poll_seconds = poll_seconds
        self._hinted: set[UUID] = set()
        self._heard = asyncio.Event()
        self._newcomers: dict[Reader, None] = {}
        self._arrived = asyncio.Event()
        self._switched = asyncio.Event()
        self._tried = asyncio.Event()
        self._listener = Listener(
            database_url,
            (CHANGED,),
            on_notify=lambda _channel, payload: self._hint(parse_ids(payload)),
            on_connected=lambda: self._switch(listening=True),
            on_lost=lambda: self._switch(listening=False),
        )

    async def ready(self) -> None:
        """Returns once LISTEN is in place, or has been tried in vain: then polling serves."""
        await self._tried.wait()

    def greet(self, reader: Reader) -> None:
        """Have the reader given all it watches as it is now."""
        self._newcomers[reader] = None
        self._arrived.set()

    async def run(self) -> None:
        """Relay until cancelled, again and again.

        After an error nobody foresaw the streams end, rather than hang fed by nothing; the relay is made anew a moment
        later, and later each time it breaks again.
        """
        loop = asyncio.get_running_loop()
        failures = -1
        while not self._hub.closing.is_set():
            began = loop.time()
            try:
                await self._live()
            except ExceptionGroup:
                failures = 0 if loop.time() - began > SOUND_SECONDS else min(failures + 1, MOST_FAILURES)
                seconds = min(LONGEST_BACKOFF_SECONDS, 2.0**failures) * (0.5 + random())  # noqa: S311 - jitter
                log.exception("relay broken: its streams end, /readyz fails until it is made anew")
                await self._lie_broken(seconds)

    async def _live(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listener.run(), name="relay listener")
            group.create_task(self._read_hinted(), name="relay hints")
            group.create_task(self._read_snapshots(), name="relay snapshots")
            group.create_task(self._reread(), name="relay re-reads")

    async def _lie_broken(self, seconds: float) -> None:
        self.is_broken = True
        self._hub.switch(listening=False)
        self._hub.dismiss("relay")
        self._hinted.clear()
        self._newcomers.clear()
        self._tried.set()
        await asyncio.sleep(seconds)
        self._hub.renew()
        self.is_broken = False

    def _hint(self, job_ids: Iterable[UUID]) -> None:
        self._hinted.update(self._hub.wanted(list(job_ids)))
        if self._hinted:
            self._heard.set()

    def _switch(self, *, listening: bool) -> None:
        changed = self._hub.switch(listening=listening)
        self._tried.set()
        if listening or changed:
            # After a silence everything watched is read again, whatever was missed.
            self._switched.set()

    async def _read_hinted(self) -> None:
        while not self._hub.closing.is_set():
            await self._heard.wait()
            self._heard.clear()
            hinted, self._hinted = self._hinted, set()
            try:
                await self._publish(hinted)
            except (psycopg.Error, PoolTimeout) as error:
                log.log(loudness(error), "hinted jobs not read; trying again", extra={"reason": str(error).strip()})
                self._hinted |= hinted
                self._heard.set()
                await asyncio.sleep(RETRY_SECONDS)

    async def _read_snapshots(self) -> None:
        """Of all who came while the last batch was read, in one: a thousand who come back together are few reads."""
        while not self._hub.closing.is_set():
            await self._arrived.wait()
            readers = list(islice(self._newcomers, SNAPSHOTS_AT_ONCE))
            try:
                await self._read_snapshot(readers)
            except (psycopg.Error, PoolTimeout) as error:
                log.log(loudness(error), "snapshots not read; trying again", extra={"reason": str(error).strip()})
                await asyncio.sleep(RETRY_SECONDS)
                continue
            for reader in readers:
                self._newcomers.pop(reader, None)
            if not self._newcomers:
                self._arrived.clear()

    async def _read_snapshot(self, readers: list[Reader]) -> None:
        job_ids = {job_id for reader in readers for job_id in reader.job_ids or ()}
        users = {reader.user_id for reader in readers if reader.job_ids is None}
        if users:
            job_ids.update(await self._queue.recent_ids(users, limit=ALL_RECENT_JOBS))
        await self._publish(job_ids)

    async def _reread(self) -> None:
        limit = RECENT_JOBS
        while not self._hub.closing.is_set():
            seconds = self._reread_seconds if self._hub.is_listening else self._poll_seconds
            try:
                async with asyncio.timeout(seconds):
                    await self._switched.wait()
                limit = ALL_RECENT_JOBS
            except TimeoutError:
                pass
            self._switched.clear()
            try:
                await self._reread_once(limit)
                limit = RECENT_JOBS
            except (psycopg.Error, PoolTimeout) as error:
                log.log(loudness(error), "watched jobs not read again", extra={"reason": str(error).strip()})

    async def _reread_once(self, limit: int) -> None:
        asked = time.time()
        theirs = await self._queue.clock()
        self._hub.clock_ahead = theirs - (asked + time.time()) / 2
        users = self._hub.users_of_all()
        recent = set(await self._queue.recent_ids(users, limit=limit)) if users else set()
        watched = self._hub.unfinished() | recent
        if watched:
            seqs = await self._queue.read_seqs(watched)
            await self._publish(self._hub.stale(seqs, recent))
            # Nobody watches a job that was never there: one that is not there was deleted.
            if gone := watched - seqs.keys():
                self._hub.lose(gone)

    async def _publish(self, job_ids: Iterable[UUID]) -> None:
        for job in await self._queue.read(list(job_ids)):
            self._hub.publish(job)
