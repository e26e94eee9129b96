"""The vocabulary: what a job is, which states it goes through, and what one read of the database says of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

NOBODY = UUID(int=0)
"""Owner of the jobs that belong to no user."""


class JobState(StrEnum):
    SCHEDULED = "scheduled"
    """run_at lies ahead (delayed, or between retries). `promote` moves it to ready when due."""
    HELD = "held"
    """Its owner runs as many as the plan allows; one of them ending makes it ready."""
    READY = "ready"
    """May be claimed."""
    PROCESSING = "processing"
    """Claimed by the worker in worker_id, under that worker's lease."""
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_final(self) -> bool:
        return self in FINAL

    @property
    def status(self) -> str:
        """The word callers see: whether a waiting job is due yet is told by run_at alone."""
        return "waiting" if self in (JobState.SCHEDULED, JobState.HELD, JobState.READY) else self.value


FINAL = frozenset({JobState.COMPLETED, JobState.FAILED, JobState.CANCELLED})
UNFINISHED = frozenset(JobState) - FINAL


class Outcome(StrEnum):
    """How one attempt ended."""

    COMPLETED = "completed"
    FAILED = "failed"
    """The handler raised, or ran over its time limit."""
    CRASHED = "crashed"
    """The child or its worker died: counted apart, never against the user's retries."""
    RELEASED = "released"
    """Given back unfinished by a worker that is stopping."""
    CANCELLED = "cancelled"
    SNOOZED = "snoozed"
    """The handler asked to be run later: no failure, and no retry is spent."""


@dataclass(frozen=True, slots=True)
class JobSnapshot:
    """What one read of the database says of a job. A later read of a changed job has a higher `seq`."""

    id: UUID
    queue: str
    kind: str
    user_id: UUID
    state: JobState
    priority: int
    tier: int
    attempt: int
    seq: int
    percent: int
    step: str | None
    remaining_seconds: float | None
    run_at: datetime
    created_at: datetime
    updated_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested: bool
    error: dict[str, Any] | None
    summary: dict[str, Any] | None
    args: dict[str, Any]
    requeued_from: UUID | None
    snoozes: int = 0

    @property
    def status(self) -> str:
        return self.state.status

    @property
    def is_final(self) -> bool:
        return self.state.is_final


@dataclass(frozen=True, slots=True)
class ClaimedJob:
    """What a worker needs to run one attempt and to end it under the fence."""

    id: UUID
    attempt: int
    kind: str
    args: bytes
    """JSON, as stored: only the child that runs the job decodes it."""
    failures: int


@dataclass(frozen=True, slots=True)
class Due:
    """What comes next in a queue. seconds: until the next scheduled job; 0: some just became ready, None: none is."""

    seconds: float | None
    is_capped: bool
    """The queue limits what runs or starts: claims must say so."""


@dataclass(frozen=True, slots=True)
class StoredResult:
    summary: dict[str, Any]
    preview: bytes
    detail: bytes


@dataclass(frozen=True, slots=True)
class Estimate:
    """Where a job stands. position counts from 1; beyond the counting limit only position_at_least is known.

    seconds: until it should start; None with a reason: no_workers, paused, or unknown where it could not be read.
    """

    position: int | None
    position_at_least: int | None
    seconds: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Enqueued:
    job_id: UUID
    created: bool
    """False: the idempotency key had already made this job."""
    estimate: Estimate | None = None
    """Where it stands, if that was asked for."""
    quota: "Quota | None" = None
    """What is left of the user's jobs of today, if that was asked for and the plan sets a number."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One moment of a job's life. actor: who asked, where anybody did. attempt, worker_id: of the run it is about."""

    at: datetime
    event: str
    attempt: int | None
    worker_id: UUID | None
    actor: str | None
    reason: str | None


class Cancelled(StrEnum):
    CANCELLED = "cancelled"
    """Was waiting; it is cancelled now."""
    REQUESTED = "requested"
    """Is running; its worker has been asked to stop it."""
    ALREADY = "already"
    """Had been cancelled, or asked to, before."""


@dataclass(frozen=True, slots=True)
class Quota:
    """Jobs a user may add per UTC day, how many of them are left, and when the day ends."""

    per_day: int
    remaining: int
    seconds_left: float

    @classmethod
    def of_row(cls, row: Mapping[str, Any] | None) -> "Quota | None":
        """From a row of `sql/quota.sql`; None where the plan sets no number."""
        if row is None or row["per_day"] is None:
            return None
        return cls(row["per_day"], max(0, row["per_day"] - row["used"]), row["seconds_left"])


@dataclass(frozen=True, slots=True)
class QueueStats:
    waiting: int
    active: int
    paused: bool
    workers: int
    slots: int
    estimated_wait_seconds: float | None
    """How long a job enqueued now at the lowest priority would wait; None when nobody can say."""
    reason: str | None
    """Why: no_workers or paused."""
