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
    PgQueueError,
    QueueFull,
    SchemaMismatch,
    TooManyWaiting,
    UnknownKind,
    WrongState,
)
from pgqueue.gauges import Distribution, Gauges, read_gauges
from pgqueue.handlers import Context, Handler, HandlerResult
from pgqueue.hints import CHANGED, parse_ids
from pgqueue.job import (
    NOBODY,
    Cancelled,
    Enqueued,
    Estimate,
    JobSnapshot,
    JobState,
    Outcome,
    QueueStats,
    StoredResult,
)
from pgqueue.listener import Listener
from pgqueue.logs import configure as configure_logs
from pgqueue.queue import Queue
from pgqueue.schema_version import check_database, require_schema
from pgqueue.settings import Settings, load_settings
from pgqueue.watch import watch

__all__ = [
    "CHANGED",
    "NOBODY",
    "ArgsTooLarge",
    "Cancelled",
    "Companion",
    "Context",
    "CreditsUsedUp",
    "DailyQuotaReached",
    "Distribution",
    "EmbeddedServer",
    "EnqueueRefused",
    "Enqueued",
    "Estimate",
    "Gauges",
    "Handler",
    "HandlerResult",
    "IdempotencyConflict",
    "JobNotFound",
    "JobSnapshot",
    "JobState",
    "LeaseLost",
    "Listener",
    "Outcome",
    "PgQueueError",
    "Queue",
    "QueueFull",
    "QueueStats",
    "SchemaMismatch",
    "Settings",
    "StoredResult",
    "TooManyWaiting",
    "UnknownKind",
    "WrongState",
    "check_database",
    "configure_logs",
    "connect_options",
    "load_settings",
    "open_pool",
    "parse_ids",
    "read_gauges",
    "require_schema",
    "require_url",
    "watch",
]
