"""Everything the queue refuses or loses, each error saying what happened and what to do.

PgQueueError
├── JobNotFound
├── WrongState
├── IdempotencyConflict
├── LeaseLost
├── UnknownKind
├── UnknownQueue
├── ArgsTooLarge
├── BatchTooLarge
├── EnqueueRefused
│   ├── DailyQuotaReached
│   ├── TooManyWaiting
│   ├── CreditsUsedUp
│   └── QueueFull
├── UnknownPlan
├── UnknownAccount
├── NotEnoughCredits
├── SchemaMismatch
├── ReleaseTooOld
├── MigrationBlocked
├── RowSecurityMissing
├── ChildStartFailed
├── NoPsycopg
├── SnoozeOutOfRange       (snooze)
├── HealthPortTaken        (health)
├── DatabaseMissing        (database)
└── EmbeddedServerFailed   (database)
"""

from collections.abc import Iterable
from difflib import get_close_matches
from uuid import UUID


class PgQueueError(Exception):
    """Base of all errors this package raises on purpose."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """How a sentence about an unknown word goes on: with the nearest of those that are known, else it ends."""
    near = get_close_matches(word, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else "."


class JobNotFound(PgQueueError):
    def __init__(self, job_id: UUID) -> None:
        self.job_id = job_id
        super().__init__(f"job {job_id}: not found. List jobs with `pgqueue jobs list`.")


class WrongState(PgQueueError):
    """The job's state does not allow what was asked."""

    def __init__(self, job_id: UUID, *, state: str, wanted: str, verb: str) -> None:
        self.job_id = job_id
        self.state = state
        super().__init__(f"job {job_id}: cannot {verb} a job that is {state}; it must be {wanted}.")


class IdempotencyConflict(PgQueueError):
    """The key was used before with another request."""

    def __init__(self, key: str, *, job_id: UUID) -> None:
        self.key = key
        self.job_id = job_id
        super().__init__(
            f"idempotency key {key!r}: already used for job {job_id} with another request. Use a new key per request."
        )


class LeaseLost(PgQueueError):
    """Another worker may be running the job now; whatever this one produced is dropped."""

    def __init__(self, job_id: UUID, *, attempt: int) -> None:
        self.job_id = job_id
        self.attempt = attempt
        super().__init__(
            f"job {job_id}: lease lost during attempt {attempt}; its result was not saved. "
            "Raise lease_seconds or look for a stalled host."
        )


class UnknownKind(PgQueueError):
    def __init__(self, kind: str, known: Iterable[str]) -> None:
        self.kind = kind
        super().__init__(
            f"no handler for kind {kind!r}{did_you_mean(kind, known)} Handlers come from the 'pgqueue.handlers' entry "
            "points."
        )


class UnknownQueue(PgQueueError):
    def __init__(self, name: str, known: Iterable[str], *, remedy: str) -> None:
        self.name = name
        super().__init__(f"no queue {name!r}{did_you_mean(name, known)} {remedy}")


class ArgsTooLarge(PgQueueError):
    def __init__(self, size: int, *, limit: int) -> None:
        super().__init__(f"job args: {size:,} bytes of JSON, the limit is {limit:,}. Store large inputs elsewhere.")


class SchemaMismatch(PgQueueError):
    def __init__(self, *, found: str | None, expected: str) -> None:
        self.found = found
        self.expected = expected
        super().__init__(
            f"database schema: found revision {found or 'none'}, this release needs {expected}. Run `pgqueue migrate`."
        )


class ReleaseTooOld(PgQueueError):
    """The schema has moved on and no longer serves this release."""

    def __init__(self, *, found: str, since: str | None, ours: str) -> None:
        self.found = found
        self.since = since
        super().__init__(
            f"database schema: revision {found} serves releases from revision {since or 'unknown'} on, and this one is "
            f"of revision {ours}. Upgrade this program."
        )


class MigrationBlocked(PgQueueError):
    """Others held a table for too long; the migrations before that one are done, it and those after it are not."""

    def __init__(self, *, attempts: int) -> None:
        super().__init__(
            f"migration: a table was in use by others in all {attempts} attempts; what it was to change is unchanged. "
            "End long transactions (`pgqueue doctor` names them) and run it again."
        )


class RowSecurityMissing(PgQueueError):
    """Statements cannot run as the users' role, or it sees more than one user's rows."""

    def __init__(self, role: str, connecting: str, *, reason: str) -> None:
        self.reason = reason
        self.remedy = (
            f"Have an administrator run `create role {role} nologin; grant {role} to {connecting} with inherit false, "
            f"set true` (before PostgreSQL 16: `grant {role} to {connecting}; alter role {connecting} noinherit`), "
            "then run `pgqueue migrate`."
        )
        super().__init__(f"row-level security: {connecting} cannot act as {role} behind it: {reason}. {self.remedy}")


class BatchTooLarge(PgQueueError):
    def __init__(self, count: int, *, limit: int) -> None:
        super().__init__(f"bulk enqueue: {count:,} jobs at once, the limit is {limit:,}. Send them in several parts.")


class EnqueueRefused(PgQueueError):
    """A limit stands against the job; nothing was changed."""

    retry_after_seconds: float | None = None


class DailyQuotaReached(EnqueueRefused):
    def __init__(self, *, limit: int, retry_after_seconds: float) -> None:
        self.limit = limit
        self.retry_after_seconds = retry_after_seconds
        hours, minutes = divmod(int(retry_after_seconds) // 60, 60)
        super().__init__(
            f"daily quota: all {limit} jobs of today are used. The next day begins at midnight UTC, in {hours} h "
            f"{minutes} min; a higher plan has more."
        )


class TooManyWaiting(EnqueueRefused):
    retry_after_seconds = 10.0

    def __init__(self, *, limit: int) -> None:
        self.limit = limit
        super().__init__(
            f"waiting jobs: {limit:,} of yours wait already, the plan's limit. Try again when some have run."
        )


class CreditsUsedUp(EnqueueRefused):
    def __init__(self, *, needed: int) -> None:
        self.needed = needed
        super().__init__(f"credits: a job takes {needed:,} and fewer are left. Add credits to the account.")


class QueueFull(EnqueueRefused):
    retry_after_seconds = 30.0

    def __init__(self, *, limit: int) -> None:
        self.limit = limit
        super().__init__(f"queue: full, {limit:,} jobs are waiting. Try again later.")


def refusal(reason: str, *, limit: int, seconds: float | None) -> EnqueueRefused:
    """The error for an answer of `sql/enqueue.sql`."""
    match reason:
        case "daily_quota":
            return DailyQuotaReached(limit=limit, retry_after_seconds=seconds or 0.0)
        case "user_waiting":
            return TooManyWaiting(limit=limit)
        case "credits":
            return CreditsUsedUp(needed=limit)
        case "queue_full":
            return QueueFull(limit=limit)
    raise AssertionError(reason)


class UnknownPlan(PgQueueError):
    def __init__(self, plan: str, known: Iterable[str]) -> None:
        self.plan = plan
        super().__init__(f"no plan {plan!r}. Plans are: {', '.join(known)}.")


class UnknownAccount(PgQueueError):
    def __init__(self, user_id: UUID) -> None:
        self.user_id = user_id
        super().__init__(f"no account of user {user_id}. `pgqueue accounts set {user_id} --plan free` makes one.")


class NotEnoughCredits(PgQueueError):
    def __init__(self, user_id: UUID, *, asked: int) -> None:
        self.user_id = user_id
        super().__init__(f"account {user_id}: fewer than {asked:,} credits are available, so none were taken back.")


class NoPsycopg(PgQueueError, TypeError):
    def __init__(self, given: object, *, wanted: str) -> None:
        kind = type(given)
        super().__init__(f"enqueue: cannot use a connection of {kind.__module__}.{kind.__qualname__}. Give {wanted}.")


class ChildStartFailed(PgQueueError):
    def __init__(self, reason: str) -> None:
        super().__init__(f"executor: a child process could not be started: {reason}")
