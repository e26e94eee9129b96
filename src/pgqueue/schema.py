"""What the tables are. Migrations make them; a test holds the two against each other.

Job rows are narrow and change little: progress, attempts and results have tables of their own.
"""

from sqlalchemy import (
    ARRAY,
    REAL,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData(
    schema="pgqueue",
    naming_convention={
        "ix": "%(table_name)s_%(column_0_N_name)s_idx",
        "uq": "%(table_name)s_%(column_0_N_name)s_key",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
        "pk": "%(table_name)s_pkey",
    },
)

# When dead rows are removed; by default a fifth of a table must be dead first. Tables of a few pages, which every claim
# reads: as soon as there are some. Those of a row per user or running job: at a hundredth, and so that the vacuum, once
# begun, does not rest.
FEW_ROWS = {
    "fillfactor": "50",
    "autovacuum_vacuum_scale_factor": "0",
    "autovacuum_vacuum_threshold": "200",
    "autovacuum_vacuum_cost_delay": "0",
}
ROW_PER_USER = {
    "autovacuum_vacuum_scale_factor": "0.01",
    "autovacuum_vacuum_threshold": "500",
    "autovacuum_vacuum_cost_delay": "0",
}
ROW_PER_JOB = {
    "autovacuum_vacuum_scale_factor": "0.01",
    "autovacuum_vacuum_threshold": "1000",
    "autovacuum_vacuum_cost_delay": "1",
}

NOW = text("clock_timestamp()")
NOBODY = text("'00000000-0000-0000-0000-000000000000'::uuid")


def _at(name: str, *, required: bool = False) -> "Column[object]":
    return Column(name, DateTime(timezone=True), nullable=not required, server_default=NOW if required else None)


queues = Table(
    "queues",
    metadata,
    Column("name", Text, primary_key=True),
    Column("paused", Boolean, nullable=False, server_default=text("false")),
    _at("created_at", required=True),
    # Nothing is enqueued beyond it; null is no limit. waiting is counted about once a second, never by enqueues.
    Column("max_waiting", Integer, server_default=text("100000")),
    Column("waiting", Integer, nullable=False, server_default=text("0")),
    _at("counted_at", required=True),
    # Off by default: how many may run at once, and how many may start per so many seconds.
    Column("max_running", Integer),
    Column("starts", Integer),
    Column("per_seconds", REAL),
    Column("recent_starts", ARRAY(DateTime(timezone=True)), nullable=False, server_default=text("'{}'")),
    # Up to where retention has been: jobs that ended before have lost their result's detail, and all attempts but one.
    Column("details_pruned_to", DateTime(timezone=True), nullable=False, server_default=text("'-infinity'")),
    Column("attempts_pruned_to", DateTime(timezone=True), nullable=False, server_default=text("'-infinity'")),
    CheckConstraint("length(name) between 1 and 63", name="name_length"),
    postgresql_with=FEW_ROWS,
)

# Users take turns within a rank. The floor is the newest turn that was started: a user who comes back after a
# while starts there, not at the turns that others used up meanwhile. Nobody makes a job ready below it, so claims start
# there too, a moment behind (cursor.py).
turns = Table(
    "turns",
    metadata,
    Column("queue", Text, nullable=False),
    Column("rank", SmallInteger, nullable=False),
    Column("floor", BigInteger, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("queue", "rank"),
    CheckConstraint("rank between 0 and 30", name="rank_range"),
    postgresql_with=FEW_ROWS,
)

# What a tier grants. Null is no limit; waiting always has one.
plans = Table(
    "plans",
    metadata,
    Column("tier", SmallInteger, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False, unique=True),
    Column("concurrent", Integer),
    Column("per_day", Integer),
    Column("waiting", Integer, nullable=False),
    Column("credits_per_job", BigInteger, nullable=False, server_default=text("0")),
    CheckConstraint("tier between 0 and 2", name="tier_range"),
    CheckConstraint("concurrent between 1 and 10000", name="concurrent_range"),
    CheckConstraint("per_day >= 0", name="per_day_not_negative"),
    CheckConstraint("waiting between 0 and 1000000", name="waiting_range"),
    CheckConstraint("credits_per_job >= 0", name="credits_per_job_not_negative"),
)

# A user's plan, what an operator granted beyond it, and credits: available to spend, or held by unfinished jobs.
accounts = Table(
    "accounts",
    metadata,
    Column("user_id", Uuid, primary_key=True),
    Column("tier", SmallInteger, ForeignKey(plans.c.tier), nullable=False, server_default=text("0")),
    Column("concurrent", Integer),
    Column("per_day", Integer),
    Column("waiting", Integer),
    Column("available", BigInteger, nullable=False, server_default=text("0")),
    Column("held", BigInteger, nullable=False, server_default=text("0")),
    _at("created_at", required=True),
    CheckConstraint("concurrent between 1 and 10000", name="concurrent_range"),
    CheckConstraint("per_day >= 0", name="per_day_not_negative"),
    CheckConstraint("waiting between 0 and 1000000", name="waiting_range"),
    CheckConstraint("available >= 0 and held >= 0", name="credits_not_negative"),
    postgresql_with={"fillfactor": "70", **ROW_PER_USER},
)
Index("accounts_created_at_idx", accounts.c.created_at, accounts.c.user_id)

# Every movement of credits, never changed: an account's two figures are sums over it.
ledger = Table(
    "ledger",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("user_id", Uuid, ForeignKey(accounts.c.user_id), nullable=False),
    Column("job_id", Uuid),
    Column("entry", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("note", Text),
    _at("at", required=True),
    CheckConstraint("entry in ('granted', 'held', 'taken', 'returned')", name="entry_known"),
    CheckConstraint("(entry = 'granted') = (job_id is null)", name="job_of_entry"),
    CheckConstraint("entry = 'granted' or amount > 0", name="amount_positive"),
)

Index("ledger_user_idx", ledger.c.user_id, ledger.c.id)
# One hold and one end a job: what is doubled anywhere else fails here.
Index("ledger_hold_key", ledger.c.job_id, unique=True, postgresql_where=text("entry = 'held'"))
Index("ledger_end_key", ledger.c.job_id, unique=True, postgresql_where=text("entry in ('taken', 'returned')"))

# A user's line in a queue. used: jobs that are ready or running; the limit of slots is a constraint. parked: jobs held
# back until one of those ends, or scheduled. excess: how far used is over slots since the plan was lowered.
# today: jobs enqueued on that day. last_turns: the newest turn taken, by rank.
lanes = Table(
    "lanes",
    metadata,
    Column("queue", Text, nullable=False),
    Column("user_id", Uuid, nullable=False),
    Column("slots", Integer),
    Column("excess", Integer, nullable=False, server_default=text("0")),
    Column("used", Integer, nullable=False, server_default=text("0")),
    Column("parked", Integer, nullable=False, server_default=text("0")),
    Column("day", Date, nullable=False),
    Column("today", Integer, nullable=False, server_default=text("0")),
    Column("last_turns", ARRAY(BigInteger), nullable=False, server_default=text("'{}'")),
    PrimaryKeyConstraint("queue", "user_id"),
    CheckConstraint("used >= 0 and parked >= 0 and today >= 0 and excess >= 0", name="counts_not_negative"),
    CheckConstraint("used <= slots + excess", name="limit"),
    postgresql_with={"fillfactor": "50", **ROW_PER_USER},
)

jobs = Table(
    "jobs",
    metadata,
    # Time-ordered (version 7), made by Postgres: pages and keysets follow it, and neighbours share index pages.
    Column("id", Uuid, primary_key=True, server_default=text("pgqueue.uuid7()")),
    Column("user_id", Uuid, nullable=False, server_default=NOBODY),
    Column("worker_id", Uuid),
    Column("requeued_from", Uuid),
    Column("turn", BigInteger, nullable=False),
    Column("seq", BigInteger, nullable=False, server_default=text("1")),
    _at("run_at", required=True),
    _at("created_at", required=True),
    _at("updated_at", required=True),
    _at("started_at"),
    _at("finished_at"),
    _at("cancel_requested_at"),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("rank", SmallInteger, nullable=False),
    Column("tier", SmallInteger, nullable=False, server_default=text("0")),
    Column("priority", SmallInteger, nullable=False, server_default=text("5")),
    Column("failures", SmallInteger, nullable=False, server_default=text("0")),
    Column("crashes", SmallInteger, nullable=False, server_default=text("0")),
    Column("max_retries", SmallInteger, nullable=False, server_default=text("3")),
    Column("state", Text, nullable=False),
    # Counted in the owner's lane; jobs that belong to nobody are not.
    Column("limited", Boolean, nullable=False, server_default=text("false")),
    Column("queue", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("idempotency_key", Text),
    Column("request_hash", LargeBinary),
    Column("args", JSONB, nullable=False),
    Column("error", JSONB),
    Column("credits", BigInteger, nullable=False, server_default=text("0")),
    Column("snoozes", Integer, nullable=False, server_default=text("0")),
    CheckConstraint(
        "state in ('scheduled', 'held', 'ready', 'processing', 'completed', 'failed', 'cancelled')", name="state_known"
    ),
    CheckConstraint("(state = 'processing') = (worker_id is not null)", name="processing_has_worker"),
    CheckConstraint(
        "(state in ('completed', 'failed', 'cancelled')) = (finished_at is not null)", name="final_has_finished_at"
    ),
    CheckConstraint("state <> 'failed' or error is not null", name="failed_has_error"),
    CheckConstraint("state <> 'completed' or attempt > 0", name="completed_was_attempted"),
    CheckConstraint("priority between 1 and 10", name="priority_range"),
    CheckConstraint("tier between 0 and 2", name="tier_range"),
    CheckConstraint("rank between 0 and 30", name="rank_range"),
    CheckConstraint("attempt >= 0 and failures >= 0 and crashes >= 0 and max_retries >= 0", name="counts_not_negative"),
    CheckConstraint("length(queue) between 1 and 63", name="queue_length"),
    CheckConstraint("length(kind) between 1 and 63", name="kind_length"),
    CheckConstraint("length(idempotency_key) between 1 and 255", name="idempotency_key_length"),
    CheckConstraint("jsonb_typeof(args) = 'object'", name="args_are_object"),
    # Analyzed early, too: how many of the rows wait changes within minutes.
    postgresql_with={"fillfactor": "85", "autovacuum_analyze_scale_factor": "0.02", **ROW_PER_JOB},
)

# The claim's order, and nothing but what may be claimed.
Index("jobs_ready_idx", jobs.c.queue, jobs.c.rank, jobs.c.turn, jobs.c.id, postgresql_where=text("state = 'ready'"))
Index(
    "jobs_lane_idx",
    jobs.c.queue,
    jobs.c.user_id,
    jobs.c.state,
    jobs.c.rank,
    jobs.c.turn,
    jobs.c.id,
    postgresql_where=text("limited and state in ('held', 'ready')"),
)
# What may be lifted above all ranks for its age; a lifted job leaves it.
Index("jobs_age_idx", jobs.c.queue, jobs.c.run_at, postgresql_where=text("state in ('held', 'ready') and rank > 0"))
Index("jobs_scheduled_idx", jobs.c.queue, jobs.c.run_at, postgresql_where=text("state = 'scheduled'"))
Index("jobs_processing_idx", jobs.c.worker_id, postgresql_where=text("state = 'processing'"))
Index("jobs_finished_idx", jobs.c.queue, jobs.c.finished_at, postgresql_where=text("finished_at is not null"))
Index("jobs_ended_badly_idx", jobs.c.state, jobs.c.id, postgresql_where=text("state in ('failed', 'cancelled')"))
Index("jobs_user_idx", jobs.c.user_id, jobs.c.id)
# For those who search: what a job is about, where its args have such a member. The queue itself asks nothing of it.
Index(
    "jobs_ended_symbol_idx",
    text("(args ->> 'symbol')"),
    jobs.c.id,
    postgresql_where=text("finished_at is not null"),
)
Index("jobs_requeued_from_idx", jobs.c.requeued_from, postgresql_where=text("requeued_from is not null"))
Index(
    "jobs_idempotency_key",
    jobs.c.queue,
    jobs.c.user_id,
    jobs.c.idempotency_key,
    unique=True,
    postgresql_where=text("idempotency_key is not null"),
)


# Rows of these tables are written beside their job's, which is locked then, and leave with it by a trigger: foreign
# keys would look for that row again, one row and one lock at a time.
def _of_job(*, primary_key: bool = False) -> "Column[object]":
    return Column("job_id", Uuid, nullable=False, primary_key=primary_key)


# Nothing that changes is indexed and a third of each page is free, so updates stay on their page (HOT).
progress = Table(
    "progress",
    metadata,
    _of_job(primary_key=True),
    Column("seq", BigInteger, nullable=False, server_default=text("0")),
    _at("updated_at", required=True),
    Column("attempt", Integer, nullable=False),
    Column("remaining_seconds", REAL),
    Column("percent", SmallInteger, nullable=False, server_default=text("0")),
    Column("step", Text),
    CheckConstraint("percent between 0 and 100", name="percent_range"),
    CheckConstraint("remaining_seconds >= 0", name="remaining_not_negative"),
    postgresql_with={"fillfactor": "50", **ROW_PER_JOB},
)

attempts = Table(
    "attempts",
    metadata,
    _of_job(),
    Column("attempt", Integer, nullable=False),
    Column("worker_id", Uuid, nullable=False),
    Column("started_at", DateTime(timezone=True), nullable=False),
    Column("finished_at", DateTime(timezone=True), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("error", JSONB),
    PrimaryKeyConstraint("job_id", "attempt"),
    CheckConstraint(
        "outcome in ('completed', 'failed', 'crashed', 'released', 'cancelled', 'snoozed')", name="outcome_known"
    ),
    CheckConstraint("attempt > 0", name="attempt_positive"),
)

results = Table(
    "results",
    metadata,
    _of_job(primary_key=True),
    Column("attempt", Integer, nullable=False),
    _at("created_at", required=True),
    Column("summary", JSONB, nullable=False),
    Column("preview", LargeBinary, nullable=False),
    Column("detail", LargeBinary, nullable=False),
    CheckConstraint("jsonb_typeof(summary) = 'object'", name="summary_is_object"),
)

# What jobs and attempts cannot tell: who asked for what, and what was changed. No foreign key: it outlives the job.
events = Table(
    "events",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _at("at", required=True),
    Column("job_id", Uuid),
    Column("user_id", Uuid),
    Column("queue", Text),
    Column("event", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("reason", Text),
    CheckConstraint("length(event) between 1 and 63", name="event_length"),
    CheckConstraint("length(actor) between 1 and 255", name="actor_length"),
    CheckConstraint("length(reason) <= 1000", name="reason_length"),
)

Index("events_job_idx", events.c.job_id, postgresql_where=text("job_id is not null"))

# One row per boot of a worker process: a restarted worker is another worker, whatever its host is called.
workers = Table(
    "workers",
    metadata,
    Column("id", Uuid, primary_key=True),
    _at("started_at", required=True),
    _at("beat_at", required=True),
    Column("lease_expires_at", DateTime(timezone=True), nullable=False),
    _at("stopped_at"),
    Column("pid", Integer, nullable=False),
    Column("slots", SmallInteger, nullable=False),
    Column("host", Text, nullable=False),
    Column("queue", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("draining", Boolean, nullable=False, server_default=text("false")),
    # Of its process and its children; null where it does not say.
    Column("memory_bytes", BigInteger),
    CheckConstraint("slots between 1 and 1024", name="slots_range"),
    CheckConstraint("memory_bytes >= 0", name="memory_not_negative"),
    postgresql_with=FEW_ROWS,
)

Index("workers_live_idx", workers.c.queue, postgresql_where=text("stopped_at is null"))

# The oldest revision whose release still works on this schema: migrations that take something away raise it, and a
# program older than that does not start.
compatibility = Table(
    "compatibility",
    metadata,
    Column("is_only_row", Boolean, primary_key=True, server_default=text("true")),
    Column("since", Text, nullable=False),
    CheckConstraint("is_only_row", name="one_row"),
)

# Counts that only grow, whatever is pruned: how jobs ended, and how many waited or ran up to so many seconds (each in
# one bucket). Folded now and then from what happened before the mark of the queue; no hot commit touches them.
tallies = Table(
    "tallies",
    metadata,
    Column("queue", Text, nullable=False),
    Column("measure", Text, nullable=False),
    Column("bucket", REAL, nullable=False, server_default=text("'infinity'::real")),
    Column("count", BigInteger, nullable=False),
    Column("seconds", Double, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("queue", "measure", "bucket"),
    CheckConstraint(
        "measure in ('enqueued', 'completed', 'failed', 'cancelled', 'failures', 'crashes', 'wait', 'run')",
        name="measure_known",
    ),
    CheckConstraint("count >= 0 and seconds >= 0", name="not_negative"),
    postgresql_with={"fillfactor": "50"},
)

tally_marks = Table(
    "tally_marks",
    metadata,
    Column("queue", Text, primary_key=True),
    Column("tallied_until", DateTime(timezone=True), nullable=False),
    postgresql_with={"fillfactor": "50"},
)
