"""Who watches what: the readers of one process, each kept at the latest value of each of its jobs.

Whatever changes a job raises its seq, so a reader is never shown a step back and never the same thing twice.
"""

import asyncio
import secrets
import time
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from uuid import UUID

from api.prometheus import Telemetry
from api.readers import Event, Reader
from pgqueue import JobSnapshot

KNOWN_OWNERS = 100_000


class Hub:
    """Hands each reader what is new. Knows nothing of where it comes from: that is the relay's part."""

    def __init__(self, telemetry: Telemetry | None = None, *, root: str = "") -> None:
        """root: the path before the service's own, in links."""
        self.root = root
        self.telemetry = telemetry or Telemetry()
        self.clock_ahead = 0.0
        """Seconds by which Postgres's clock is ahead of ours."""
        self.epoch = ""
        self.closing = asyncio.Event()
        self.is_listening = False
        self._readers: defaultdict[UUID, set[Reader]] = defaultdict(set)
        self._owners: dict[UUID, UUID] = {}
        self.renew()

    @property
    def mode(self) -> str:
        """`listen`, or `poll` while no hint can arrive."""
        return "listen" if self.is_listening else "poll"

    def renew(self) -> None:
        """Begin another life: readers of the one before are told that they may have missed something."""
        self.epoch = secrets.token_hex(4)

    def streams_of(self, user_id: UUID) -> int:
        return len(self._readers.get(user_id, ()))

    def readers(self) -> Iterator[Reader]:
        for readers in self._readers.values():
            yield from readers

    @contextmanager
    def reading(self, reader: Reader) -> Iterator[Reader]:
        """Keep the reader up to date. Registered before its snapshot is read, so nothing is lost in between."""
        self._readers[reader.user_id].add(reader)
        self.telemetry.streams.inc()
        self.telemetry.streams_opened.inc()
        if self.closing.is_set():
            reader.dismiss("stopping")
        try:
            yield reader
        finally:
            self.telemetry.streams.dec()
            self.telemetry.streams_closed.labels(reader.ending).inc()
            self._readers[reader.user_id].discard(reader)
            if not self._readers[reader.user_id]:
                del self._readers[reader.user_id]

    def close(self) -> None:
        """End every stream: this process stops. May be called twice."""
        self.closing.set()
        self.dismiss("stopping")

    def dismiss(
        self, reason: str, *, credentials: Collection[bytes] | None = None, users: Collection[UUID] = ()
    ) -> None:
        """End every stream; or, given credentials, those that came with one of them or are one of the users'."""
        for reader in self.readers():
            if credentials is None or reader.credential in credentials or reader.user_id in users:
                reader.dismiss(reason)

    def switch(self, *, listening: bool) -> bool:
        """Tell every reader how it is served from now on. False: as before."""
        if self.is_listening == listening:
            return False
        self.is_listening = listening
        self.telemetry.listening.set(listening)
        self.telemetry.listener_switches.inc()
        for reader in self.readers():
            reader.mode_changed = True
            reader.wake.set()
        return True

    def take(self, reader: Reader) -> list[Event]:
        """What is new to the reader, about to be written to its socket."""
        events = reader.take()
        self.telemetry.events_sent.inc(len(events))
        self.telemetry.events_conflated.inc(reader.conflated)
        reader.conflated = 0
        now = time.time() + self.clock_ahead
        for event in reader.changes:
            self.telemetry.delivery_seconds.observe(max(0.0, now - event.job.updated_at.timestamp()))
        return events

    def publish(self, job: JobSnapshot) -> None:
        """Offer the job, as it is now, to those who may see it."""
        self._remember(job)
        event = Event(job)
        for reader in self._readers.get(job.user_id, ()):
            reader.offer(event)

    def lose(self, job_ids: Collection[UUID]) -> None:
        """Tell whoever watches one of these jobs that it was deleted."""
        for reader in self.readers():
            reader.lose(job_ids)

    def wanted(self, job_ids: Collection[UUID]) -> Iterator[UUID]:
        """Those of the jobs that someone here may watch. An unknown one is: it is read once, to learn whose it is."""
        if not self._readers:
            return
        for job_id in job_ids:
            owner = self._owners.get(job_id)
            if owner is None or owner in self._readers:
                yield job_id

    def unfinished(self) -> set[UUID]:
        """Every watched job that may still change."""
        return {job_id for reader in self.readers() for job_id in reader.unfinished()}

    def users_of_all(self) -> list[UUID]:
        """The users of whom a stream carries all jobs."""
        return [user_id for user_id, readers in self._readers.items() if any(r.job_ids is None for r in readers)]

    def stale(self, seqs: Mapping[UUID, int], recent: AbstractSet[UUID]) -> set[UUID]:
        """The jobs to read again. seqs: the present ones; recent: the jobs that streams of all should know."""
        stale = {job_id for reader in self.readers() for job_id in reader.behind(seqs)}
        stale |= seqs.keys() - self._owners.keys()
        # One of the user's streams may have been first to know of a job: the others are owed it all the same.
        stale |= {
            job_id
            for job_id in recent & self._owners.keys()
            if any(reader.misses(job_id) for reader in self._readers.get(self._owners[job_id], ()))
        }
        return stale

    def _remember(self, job: JobSnapshot) -> None:
        if len(self._owners) >= KNOWN_OWNERS:
            # Forgotten oldest first: at worst a job is read once more to learn whose it is.
            for job_id in list(self._owners)[: KNOWN_OWNERS // 10]:
                del self._owners[job_id]
        self._owners[job.id] = job.user_id
