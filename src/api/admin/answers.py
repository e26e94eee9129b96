"""What administrators are answered, member by member."""

from typing import Any, Literal
from uuid import UUID

from typing_extensions import TypedDict

from api.admin.wanted import ReadAs
from api.answers import JobMembers
from api.result_answers import Time


class Queue(TypedDict):
    """waiting is counted to 10,000 ready jobs. A limit of null is none."""

    name: str
    paused: bool
    waiting: int
    active: int
    workers: int
    slots: int
    maxWaiting: int | None
    maxRunning: int | None
    starts: int | None
    perSeconds: float | None


class Queues(TypedDict):
    queues: list[Queue]


class Slot(TypedDict):
    """estimatedTimeRemaining: whole seconds; null where nobody can say."""

    jobId: UUID
    queue: str
    kind: str
    userId: UUID
    symbol: str | None
    strategyName: str | None
    attempt: int
    progress: int
    stepCode: str | None
    estimatedTimeRemaining: int | None
    startedAt: Time


class Worker(TypedDict):
    """running: what its busy slots run. memoryBytes: of its process and its children; null where it does not say."""

    id: UUID
    host: str
    pid: int
    queue: str
    version: str
    slots: int
    draining: bool
    memoryBytes: int | None
    startedAt: Time
    beatAt: Time
    running: list[Slot]


class Workers(TypedDict):
    workers: list[Worker]


class JobLinks(TypedDict):
    self: str
    result: str
    requeue: str
    cancel: str


class AdminJob(JobMembers):
    """A job as operators see it. plan: as it was added. retrying: it waits after an error."""

    queue: str
    state: Literal["scheduled", "held", "ready", "processing", "completed", "failed", "cancelled"]
    plan: str
    retrying: bool
    links: JobLinks


class FoundJobs(TypedDict):
    """Newest first. lookedAt: how many jobs this page looked at; a short page may still have a next one.

    readAs: how q was understood.
    """

    jobs: list[AdminJob]
    lookedAt: int
    readAs: ReadAs | None
    next: str | None


class Attempt(TypedDict):
    attempt: int
    workerId: UUID
    host: str | None
    startedAt: Time
    finishedAt: Time
    outcome: Literal["completed", "failed", "crashed", "released", "cancelled", "snoozed"]
    errorType: str | None
    error: str | None


class Event(TypedDict):
    """A moment of a job's life. actor: who asked, where anybody did. attempt, workerId: of the run it is about."""

    at: Time
    event: str
    attempt: int | None
    workerId: UUID | None
    actor: str | None
    reason: str | None


class JobDetail(AdminJob):
    """failure: the whole error, its traceback too. events: its life, oldest first. requeuedAs: jobs made from it."""

    tier: int
    args: dict[str, Any]
    failure: dict[str, Any] | None
    attempts: list[Attempt]
    events: list[Event]
    requeuedAs: list[UUID]


class BulkDone(TypedDict):
    """Of a count, matched: jobs that fit, to 100,000; of a round: those it took on. isAll: there are no more.

    cursor: where the next round begins, null where nothing is left. refused: why, and how many.
    """

    action: Literal["requeue", "cancel", "delete", "priority"]
    matched: int
    isAll: bool
    acted: int
    refused: dict[str, int]
    cursor: str | None


class Credits(TypedDict):
    available: int
    held: int


class Figures(TypedDict):
    """Of a plan, null is no limit; of an account's own, null is the plan's."""

    concurrent: int | None
    perDay: int | None
    waiting: int | None


class Account(TypedDict):
    """Limits as they apply; null is none. own: those that stand instead of the plan's.

    today: jobs enqueued today, up to resetsAt.
    processing: they run now. waiting: ready, held back or scheduled. running: ready or running. held: the other two.
    """

    userId: UUID
    plan: str
    role: Literal["user", "read_only_admin", "admin"]
    isLocked: bool
    concurrent: int | None
    perDay: int | None
    waitingLimit: int
    own: Figures
    today: int
    resetsAt: Time
    processing: int
    waiting: int
    running: int
    held: int
    credits: Credits
    createdAt: Time


class Accounts(TypedDict):
    accounts: list[Account]
    next: str | None


class Movement(TypedDict):
    id: int
    at: Time
    entry: Literal["granted", "held", "taken", "returned"]
    amount: int
    jobId: UUID | None
    note: str | None


class Movements(TypedDict):
    movements: list[Movement]
    next: str | None


class AccountDetail(Account):
    """plans: what each grants. ledger: its newest 200 movements; ledgerNext: where the older ones are."""

    plans: dict[str, Figures]
    ledger: list[Movement]
    ledgerNext: str | None


class Key(TypedDict):
    """scopes: what it opens, as its user now is. lastUsedAt: to the minute. isYours: it opened this very request."""

    id: UUID
    prefix: str
    name: str
    scopes: list[str]
    createdAt: Time
    expiresAt: Time | None
    lastUsedAt: Time | None
    revokedAt: Time | None
    isYours: bool


class Keys(TypedDict):
    keys: list[Key]


class Count(TypedDict):
    status: str
    plan: str
    jobs: int


class Percentiles(TypedDict):
    p50: float
    p95: float
    p99: float


class Minute(TypedDict):
    minute: Time
    completed: int
    failed: int
    cancelled: int


class Hour(TypedDict):
    """Of each queue's newest 10,000 ended jobs of the hour. wholeFrom: since when these are all; null: the hour."""

    jobs: int
    wholeFrom: Time | None
    waitSeconds: Percentiles | None
    runSeconds: Percentiles | None
    minutes: list[Minute]


class Stats(TypedDict):
    """Counts are exact up to countedTo of each state; beyond, estimatedTotal says about how many jobs there are."""

    counts: list[Count]
    countedTo: int
    isExact: bool
    estimatedTotal: int | None
    oldestWaitingSeconds: int | None
    workers: int
    slots: int
    pausedQueues: list[str]
    lastHour: Hour


class Finding(TypedDict):
    check: str
    verdict: Literal["ok", "warning", "trouble"]
    found: str
    advice: str


class Findings(TypedDict):
    findings: list[Finding]


class Entry(TypedDict):
    """outcome: done, refused or failed with the reason, or null for what was cut short.

    keyName: of the API key behind it, or its first characters where it has no name; null where there was none.
    """

    id: int
    at: Time
    userId: UUID
    keyName: str | None
    action: str
    target: str
    facts: dict[str, Any]
    outcome: str | None


class Audit(TypedDict):
    entries: list[Entry]
    next: str | None
