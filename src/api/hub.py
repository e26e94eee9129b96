"""The relay: one LISTEN connection per process, the latest value of each watched job to each of its readers.

Notifications are hints; what is published is always read from the rows. Whatever changes a job raises its seq, so a
reader is never shown a step back and never the same thing twice. A hint lost is a delay: watched jobs that have not
ended are read again every few seconds, and while nothing can be heard at all that same reading takes over, faster.
"""

import asyncio
import logging
import secrets
from collections import defaultdict
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg
from psycopg_pool import PoolTimeout

from api.readers import Event, Reader
from pgqueue import CHANGED, JobSnapshot, Listener, Queue, loudness, parse_ids

RETRY_SECONDS = 0.5
KNOWN_OWNERS = 100_000
RECENT_JOBS = 50
"""How many of a user's newest jobs a re-read looks through for ones it never heard of."""

log = logging.getLogger(__name__)


class Hub:
    """Knows who watches what, and keeps them up to date."""

    def __init__(self, queue: Queue, database_url: str, *, reread_seconds: float, poll_seconds: float) -> None:
        self.epoch = secrets.token_hex(4)
        self.closing = asyncio.Event()
        self._queue = queue
        self._reread_seconds = reread_seconds
        self.poll_seconds = poll_seconds
        self._readers: defaultdict[UUID, set[Reader]] = defaultdict(set)
        self._owners: dict[UUID, UUID] = {}
        self._hinted: set[UUID] = set()
        self._heard = asyncio.Event()
        self._listening = False
        self._switched = asyncio.Event()
        self._tried = asyncio.Event()
        self._listener = Listener(
            database_url,
            (CHANGED,),
            on_notify=lambda _channel, payload: self._hint(parse_ids(payload)),
            on_connected=lambda: self._switch(listening=True),
            on_lost=lambda: self._switch(listening=False),
        )

    @property
    def mode(self) -> str:
        """`listen`, or `poll` while no hint can arrive."""
        return "listen" if self._listening else "poll"

    def streams_of(self, user_id: UUID) -> int:
        return len(self._readers.get(user_id, ()))

    async def run(self) -> None:
        """Relay until cancelled. An error nobody foresaw ends the relay: better no stream than one nothing feeds."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._listener.run(), name="hub listener")
                group.create_task(self._read_hinted(), name="hub reads")
                group.create_task(self._reread(), name="hub re-reads")
        except ExceptionGroup:
            log.exception("relay broken: its streams end, /readyz fails, pages poll. Restart this process")
            raise
        finally:
            self.close()

    async def ready(self) -> None:
        """Returns once LISTEN is in place, or has been tried in vain: then polling serves."""
        await self._tried.wait()

    def close(self) -> None:
        """Tell every reader that this relay ends."""
        self.closing.set()
        for reader in self._all():
            reader.wake.set()

    @contextmanager
    def reading(self, user_id: UUID, job_ids: frozenset[UUID] | None = None) -> Iterator[Reader]:
        """A reader of the user's jobs (these, or all). Registered before its snapshot is read, so nothing is lost."""
        reader = Reader(user_id, job_ids)
        self._readers[user_id].add(reader)
        try:
            yield reader
        finally:
            self._readers[user_id].discard(reader)
            if not self._readers[user_id]:
                del self._readers[user_id]

    async def snapshot(self, reader: Reader) -> None:
        """Give the reader all it watches as it is now. While the database is away it stays without."""
        try:
            if reader.job_ids is None:
                jobs = await self._queue.read_recent(reader.user_id)
            else:
                jobs = await self._queue.read(list(reader.job_ids), user_id=reader.user_id)
        except (psycopg.Error, PoolTimeout) as error:
            log.log(loudness(error), "snapshot not read; trying again", extra={"reason": str(error).strip()})
            return
        reader.is_current = True
        for job in jobs:
            self._remember(job)
            reader.offer(Event(job))

    def _all(self) -> Iterator[Reader]:
        for readers in self._readers.values():
            yield from readers

    def _hint(self, job_ids: Collection[UUID]) -> None:
        if not self._readers:
            return
        for job_id in job_ids:
            owner = self._owners.get(job_id)
            # An unknown job is read once, to learn whose it is.
            if owner is None or owner in self._readers:
                self._hinted.add(job_id)
        if self._hinted:
            self._heard.set()

    def _switch(self, *, listening: bool) -> None:
        changed = self._listening != listening
        self._listening = listening
        self._tried.set()
        if listening or changed:
            # After a silence everything watched is read again, whatever was missed.
            self._switched.set()
        if changed:
            for reader in self._all():
                reader.mode_changed = True
                reader.wake.set()

    async def _read_hinted(self) -> None:
        while True:
            await self._heard.wait()
            self._heard.clear()
            hinted, self._hinted = self._hinted, set()
            try:
                for job in await self._queue.read(list(hinted)):
                    self._publish(job)
            except (psycopg.Error, PoolTimeout) as error:
                log.log(loudness(error), "hinted jobs not read; trying again", extra={"reason": str(error).strip()})
                self._hinted |= hinted
                self._heard.set()
                await asyncio.sleep(RETRY_SECONDS)

    async def _reread(self) -> None:
        while True:
            seconds = self._reread_seconds if self._listening else self.poll_seconds
            try:
                async with asyncio.timeout(seconds):
                    await self._switched.wait()
            except TimeoutError:
                pass
            self._switched.clear()
            try:
                await self._reread_once()
            except (psycopg.Error, PoolTimeout) as error:
                log.log(loudness(error), "watched jobs not read again", extra={"reason": str(error).strip()})

    async def _reread_once(self) -> None:
        watched = {job_id for reader in self._all() for job_id in reader.unfinished()}
        users = [user_id for user_id, readers in self._readers.items() if any(r.job_ids is None for r in readers)]
        recent = set(await self._queue.recent_ids(users, limit=RECENT_JOBS)) if users else set()
        if not watched and not recent:
            return
        seqs = await self._queue.read_seqs(watched | recent)
        stale = {job_id for reader in self._all() for job_id in reader.behind(seqs)}
        stale |= seqs.keys() - self._owners.keys()
        # One of the user's streams may have been first to know of a job: the others are owed it all the same.
        stale |= {
            job_id
            for job_id in recent & self._owners.keys()
            if any(reader.misses(job_id) for reader in self._readers.get(self._owners[job_id], ()))
        }
        for job in await self._queue.read(list(stale)):
            self._publish(job)

    def _publish(self, job: JobSnapshot) -> None:
        self._remember(job)
        event = Event(job)
        for reader in self._readers.get(job.user_id, ()):
            reader.offer(event)

    def _remember(self, job: JobSnapshot) -> None:
        if len(self._owners) >= KNOWN_OWNERS:
            # Forgotten oldest first: at worst a job is read once more to learn whose it is.
            for job_id in list(self._owners)[: KNOWN_OWNERS // 10]:
                del self._owners[job_id]
        self._owners[job.id] = job.user_id
