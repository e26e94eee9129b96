"""One reader of an event stream: what it watches, what it has seen, and the latest value per job it has yet to see."""

import asyncio
import json
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from uuid import UUID

from api.shapes import job_shape
from pgqueue import JobSnapshot

MOST_ENDED = 2_000
"""Ended jobs a reader remembers; more than a snapshot holds, so that none is told twice."""


class Event:
    """A job as it became, encoded once per language and shared by all its readers."""

    def __init__(self, job: JobSnapshot) -> None:
        self.job = job
        self._encoded: dict[str, bytes] = {}

    def encode(self, epoch: str, language: str, root: str = "") -> bytes:
        if language not in self._encoded:
            shape = job_shape(self.job, language, root)
            data = json.dumps(shape, allow_nan=False, ensure_ascii=False, separators=(",", ":"))
            self._encoded[language] = f"event: progress\nid: {epoch}:{self.job.seq}\ndata: {data}\n\n".encode()
        return self._encoded[language]


class Reader:
    """Bounded by the jobs it watches: a slow reader misses steps in between, never the last one."""

    def __init__(
        self,
        user_id: UUID,
        job_ids: frozenset[UUID] | None,
        *,
        credential: bytes | None = None,
        ends_at: float = math.inf,
    ) -> None:
        """credential: hash of the secret it came with. ends_at: when that expires, on the event loop's clock."""
        self.user_id = user_id
        self.job_ids = job_ids
        self.credential = credential
        self.ends_at = ends_at
        self.wake = asyncio.Event()
        self.mode_changed = False
        self.is_quiet = False
        """Whether it heard nothing for so long that a comment is due."""
        self.farewell: str | None = None
        """Why its stream is to end, once it is."""
        self.written_at = asyncio.get_running_loop().time()
        self.is_writing = False
        """Whether the write begun at written_at still waits for room."""
        self.is_cut = False
        self.cut: Callable[[], None] = lambda: None
        """Drop its connection; set by the stream that has one."""
        self.conflated = 0
        """Events it was spared, because a later one of the same job came before they were taken."""
        self.changes: list[Event] = []
        """What was last taken but for jobs it had not heard of before: their age tells how late changes come."""
        self._pending: dict[UUID, Event] = {}
        self._changed: set[UUID] = set()
        self._seen: dict[UUID, int] = {}
        self._ended: dict[UUID, None] = {}
        self._gone: list[UUID] = []

    def offer(self, event: Event) -> None:
        """Take the event if it is watched and newer than what was seen."""
        job = event.job
        if job.user_id != self.user_id or (self.job_ids is not None and job.id not in self.job_ids):
            return
        if job.seq <= self._seen.get(job.id, -1):
            return
        if job.id in self._seen:
            self._changed.add(job.id)
        self.conflated += job.id in self._pending
        self._seen[job.id] = job.seq
        self._pending[job.id] = event
        if job.is_final:
            self._ended[job.id] = None
            self._forget()
        self.wake.set()

    def lose(self, job_ids: Collection[UUID]) -> None:
        """Hear that those of the jobs that it watches, and that had not ended, are no more."""
        lost = [job_id for job_id in self.unfinished() if job_id in job_ids]
        for job_id in lost:
            self._pending.pop(job_id, None)
            self._ended[job_id] = None
            self._forget()
        if lost:
            self._gone += lost
            self.wake.set()

    def take_gone(self) -> list[UUID]:
        """The jobs it has lost and was not told of."""
        gone, self._gone = self._gone, []
        return gone

    @property
    def ending(self) -> str:
        """Why its stream ended, in a word: what it was dismissed for, `slow`, `done`, or that the client went."""
        if self.is_cut:
            return "slow"
        return self.farewell or ("done" if self.is_done else "client")

    def take(self) -> list[Event]:
        """What is new, one event per job, in the order the jobs last changed."""
        events = sorted(self._pending.values(), key=lambda event: event.job.updated_at)
        self.changes = [event for event in events if event.job.id in self._changed]
        self._pending.clear()
        self._changed.clear()
        return events

    def dismiss(self, reason: str) -> None:
        """End its stream, with a word of why."""
        self.farewell = self.farewell or reason
        self.wake.set()

    def unfinished(self) -> Iterator[UUID]:
        """The watched jobs that may still change."""
        known = self._seen.keys() if self.job_ids is None else self.job_ids
        return (job_id for job_id in known if job_id not in self._ended)

    def behind(self, seqs: Mapping[UUID, int]) -> Iterator[UUID]:
        """Those of the jobs that have changed since this reader saw them, or that it should see and has not."""
        if self.job_ids is None:
            return (job_id for job_id, seq in seqs.items() if job_id in self._seen and seq > self._seen[job_id])
        return (job_id for job_id in self.job_ids if seqs.get(job_id, -1) > self._seen.get(job_id, -1))

    def misses(self, job_id: UUID) -> bool:
        """Whether it watches all of a user's jobs and was never told of this one."""
        return self.job_ids is None and job_id not in self._seen

    @property
    def is_done(self) -> bool:
        """Whether every job it was asked to watch has ended; one that watches all is never done."""
        return self.job_ids is not None and self.job_ids <= self._ended.keys()

    @property
    def seen(self) -> int:
        """The sum of the seqs it was given. Of several ended jobs no single seq is as high: it says all were told."""
        return sum(self._seen.values())

    def _forget(self) -> None:
        if self.job_ids is None and len(self._ended) > MOST_ENDED:
            oldest = next(iter(self._ended))
            del self._ended[oldest]
            self._seen.pop(oldest, None)
