"""A job queue in Postgres: claims, leases, retries, progress. Knows nothing of finance."""

from pgqueue.allowance import Allowance
from pgqueue.companion import Companion
from pgqueue.database import EmbeddedServer, connect_options, keeps_plans, open_pool, require_url
from pgqueue.environment import warn_of_unknown_settings
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
    RowSecurityMissing,
    SchemaMismatch,
    TooManyWaiting,
    UnknownKind,
    WrongState,
)
from pgqueue.gauges import Distribution, Gauges, read_gauges
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
    Quota,
    StoredResult,
)
from pgqueue.listener import Listener
from pgqueue.logs import configure as configure_logs
from pgqueue.many import BATCH, Acted, Action
from pgqueue.outage import loudness
from pgqueue.queue import Queue
from pgqueue.row_security import USER_ROLE, acting_as, check_row_security, require_row_security
from pgqueue.schema_version import check_database, require_schema
from pgqueue.settings import InvalidSettings, Settings, load_settings
from pgqueue.snooze import Snooze
from pgqueue.steering import UNSET, Unset
from pgqueue.transaction import enqueue
from pgqueue.watch import watch

__all__ = [
    "BATCH",
    "CHANGED",
    "NOBODY",
    "UNSET",
    "USER_ROLE",
    "Acted",
    "Action",
    "Allowance",
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
    "HistoryEntry",
    "IdempotencyConflict",
    "InvalidSettings",
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
    "Quota",
    "ReleaseTooOld",
    "RowSecurityMissing",
    "SchemaMismatch",
    "Settings",
    "Snooze",
    "SnoozeRequest",
    "StoredResult",
    "TooManyWaiting",
    "UnknownKind",
    "Unset",
    "WrongState",
    "acting_as",
    "check_database",
    "check_row_security",
    "configure_logs",
    "connect_options",
    "enqueue",
    "keeps_plans",
    "load_settings",
    "loudness",
    "open_pool",
    "parse_ids",
    "read_gauges",
    "require_row_security",
    "require_schema",
    "require_url",
    "warn_of_unknown_settings",
    "watch",
]
