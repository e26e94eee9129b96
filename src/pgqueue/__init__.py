"""A job queue in Postgres: claims, leases, retries, progress. Knows nothing of finance."""

from pgqueue.companion import Companion
from pgqueue.database import EmbeddedServer, connect_options, open_pool, require_url
from pgqueue.errors import (
    ArgsTooLarge,
    CreditsUsedUp,
    DailyQuotaReached,
    EnqueueRefused,
    IdempotencyConflict,
    JobNotFound,
    LeaseLost,
    NoPsycopg,
    NotEnoughCredits,
    PgQueueError,
    QueueFull,
    ReleaseTooOld,
    SchemaMismatch,
    TooManyWaiting,
    UnknownKind,
    WrongState,
)
from pgqueue.handlers import Context, Handler, HandlerResult, SnoozeRequest
from pgqueue.hints import CHANGED, parse_ids
from pgqueue.job import (
    NOBODY,
    Cancelled,
    Enqueued,
    Estimate,
    HistoryEntry,
    JobSnapshot,
    JobState,
    Outcome,
    QueueStats,
    StoredResult,
)
from pgqueue.listener import Listener
from pgqueue.logs import configure as configure_logs
from pgqueue.outage import loudness
from pgqueue.queue import UNSET, Queue, Unset
from pgqueue.schema_version import check_database, require_schema
from pgqueue.settings import Settings, load_settings
from pgqueue.snooze import Snooze
from pgqueue.transaction import enqueue
from pgqueue.watch import watch

__all__ = [
    "CHANGED",
    "NOBODY",
    "UNSET",
    "ArgsTooLarge",
    "Cancelled",
    "Companion",
    "Context",
    "CreditsUsedUp",
    "DailyQuotaReached",
    "EmbeddedServer",
    "EnqueueRefused",
    "Enqueued",
    "Estimate",
    "Handler",
    "HandlerResult",
    "HistoryEntry",
    "IdempotencyConflict",
    "JobNotFound",
    "JobSnapshot",
    "JobState",
    "LeaseLost",
    "Listener",
    "NoPsycopg",
    "NotEnoughCredits",
    "Outcome",
    "PgQueueError",
    "Queue",
    "QueueFull",
    "QueueStats",
    "ReleaseTooOld",
    "SchemaMismatch",
    "Settings",
    "Snooze",
    "SnoozeRequest",
    "StoredResult",
    "TooManyWaiting",
    "UnknownKind",
    "Unset",
    "WrongState",
    "check_database",
    "configure_logs",
    "connect_options",
    "enqueue",
    "load_settings",
    "loudness",
    "open_pool",
    "parse_ids",
    "require_schema",
    "require_url",
    "watch",
]
