"""The queue: jobs, attempts, progress, results, workers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# A version 7 UUID: 48 bits of milliseconds, then randomness. PostgreSQL has one of its own from 18 on only.
UUID7 = """
create function pgqueue.uuid7() returns uuid
language sql volatile parallel safe
as $$
  select encode(
           set_bit(set_bit(
             overlay(uuid_send(gen_random_uuid())
                     placing substring(int8send((extract(epoch from clock_timestamp()) * 1000)::bigint) from 3)
                     from 1 for 6),
             52, 1), 53, 1),
           'hex')::uuid
$$
"""

# One call per statement, whatever the number of rows; none of the payload is private, for anyone may listen.
# 200 ids and their commas are 7,399 bytes; NOTIFY takes less than 8,000.
NOTIFY_PROGRESS = """
create function pgqueue.notify_progress() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
begin
  perform pg_notify('pgqueue_changed', string_agg(numbered.job_id::text, ','))
     from (select job_id, (row_number() over () - 1) / 200 as chunk from changed) as numbered
    group by numbered.chunk;
  return null;
end
$$
"""

PROGRESS_TRIGGER = """
create trigger progress_notify
after update on pgqueue.progress
referencing new table as changed
for each statement execute function pgqueue.notify_progress()
"""


def upgrade() -> None:
    op.execute(UUID7)
    op.create_table(
        "jobs",
        sa.Column("id", sa.Uuid(), server_default=sa.text("pgqueue.uuid7()"), nullable=False),
        sa.Column(
            "user_id", sa.Uuid(), server_default=sa.text("'00000000-0000-0000-0000-000000000000'::uuid"), nullable=False
        ),
        sa.Column("worker_id", sa.Uuid(), nullable=True),
        sa.Column("requeued_from", sa.Uuid(), nullable=True),
        sa.Column("turn", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.BigInteger(), server_default=sa.text("1"), nullable=False),
        sa.Column("run_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancel_requested_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempt", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("priority", sa.SmallInteger(), server_default=sa.text("5"), nullable=False),
        sa.Column("failures", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("crashes", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("max_retries", sa.SmallInteger(), server_default=sa.text("3"), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.Text(), nullable=True),
        sa.Column("request_hash", sa.LargeBinary(), nullable=True),
        sa.Column("args", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint(
            "(state = 'processing') = (worker_id is not null)", name=op.f("jobs_processing_has_worker_check")
        ),
        sa.CheckConstraint(
            "(state in ('completed', 'failed', 'cancelled')) = (finished_at is not null)",
            name=op.f("jobs_final_has_finished_at_check"),
        ),
        sa.CheckConstraint("jsonb_typeof(args) = 'object'", name=op.f("jobs_args_are_object_check")),
        sa.CheckConstraint("state <> 'completed' or attempt > 0", name=op.f("jobs_completed_was_attempted_check")),
        sa.CheckConstraint("state <> 'failed' or error is not null", name=op.f("jobs_failed_has_error_check")),
        sa.CheckConstraint(
            "state in ('scheduled', 'ready', 'processing', 'completed', 'failed', 'cancelled')",
            name=op.f("jobs_state_known_check"),
        ),
        sa.CheckConstraint(
            "attempt >= 0 and failures >= 0 and crashes >= 0 and max_retries >= 0",
            name=op.f("jobs_counts_not_negative_check"),
        ),
        sa.CheckConstraint("length(idempotency_key) between 1 and 255", name=op.f("jobs_idempotency_key_length_check")),
        sa.CheckConstraint("length(kind) between 1 and 63", name=op.f("jobs_kind_length_check")),
        sa.CheckConstraint("length(queue) between 1 and 63", name=op.f("jobs_queue_length_check")),
        sa.CheckConstraint("priority between 1 and 10", name=op.f("jobs_priority_range_check")),
        sa.CheckConstraint("rank between 0 and 30", name=op.f("jobs_rank_range_check")),
        sa.CheckConstraint("tier between 0 and 2", name=op.f("jobs_tier_range_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("jobs_pkey")),
        schema="pgqueue",
        postgresql_with={"fillfactor": "85", "autovacuum_vacuum_scale_factor": "0.02"},
    )
    op.create_index(
        "jobs_finished_idx",
        "jobs",
        ["queue", "finished_at"],
        unique=False,
        schema="pgqueue",
        postgresql_where=sa.text("finished_at is not null"),
    )
    op.create_index(
        "jobs_idempotency_key",
        "jobs",
        ["queue", "user_id", "idempotency_key"],
        unique=True,
        schema="pgqueue",
        postgresql_where=sa.text("idempotency_key is not null"),
    )
    op.create_index(
        "jobs_processing_idx",
        "jobs",
        ["worker_id"],
        unique=False,
        schema="pgqueue",
        postgresql_where=sa.text("state = 'processing'"),
    )
    op.create_index(
        "jobs_ready_idx",
        "jobs",
        ["queue", "rank", "turn", "id"],
        unique=False,
        schema="pgqueue",
        postgresql_where=sa.text("state = 'ready'"),
    )
    op.create_index(
        "jobs_requeued_from_idx",
        "jobs",
        ["requeued_from"],
        unique=False,
        schema="pgqueue",
        postgresql_where=sa.text("requeued_from is not null"),
    )
    op.create_index(
        "jobs_scheduled_idx",
        "jobs",
        ["queue", "run_at"],
        unique=False,
        schema="pgqueue",
        postgresql_where=sa.text("state = 'scheduled'"),
    )
    op.create_index("jobs_user_idx", "jobs", ["user_id", "id"], unique=False, schema="pgqueue")
    op.create_table(
        "lanes",
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("last_turn", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("queue", "user_id", "rank", name=op.f("lanes_pkey")),
        schema="pgqueue",
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table(
        "queues",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("paused", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.CheckConstraint("length(name) between 1 and 63", name=op.f("queues_name_length_check")),
        sa.PrimaryKeyConstraint("name", name=op.f("queues_pkey")),
        schema="pgqueue",
    )
    op.create_table(
        "turns",
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("rank", sa.SmallInteger(), nullable=False),
        sa.Column("floor", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("rank between 0 and 30", name=op.f("turns_rank_range_check")),
        sa.PrimaryKeyConstraint("queue", "rank", name=op.f("turns_pkey")),
        schema="pgqueue",
    )
    op.create_table(
        "workers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column(
            "started_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("beat_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("lease_expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("slots", sa.SmallInteger(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("draining", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.CheckConstraint("slots between 1 and 1024", name=op.f("workers_slots_range_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("workers_pkey")),
        schema="pgqueue",
        postgresql_with={"fillfactor": "50"},
    )
    op.create_index(
        "workers_live_idx",
        "workers",
        ["queue"],
        unique=False,
        schema="pgqueue",
        postgresql_where=sa.text("stopped_at is null"),
    )
    op.create_table(
        "attempts",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("worker_id", sa.Uuid(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("error", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.CheckConstraint(
            "outcome in ('completed', 'failed', 'crashed', 'released', 'cancelled')",
            name=op.f("attempts_outcome_known_check"),
        ),
        sa.CheckConstraint("attempt > 0", name=op.f("attempts_attempt_positive_check")),
        sa.ForeignKeyConstraint(["job_id"], ["pgqueue.jobs.id"], name=op.f("attempts_job_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "attempt", name=op.f("attempts_pkey")),
        schema="pgqueue",
    )
    op.create_table(
        "progress",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("seq", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column(
            "updated_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("remaining_seconds", sa.REAL(), nullable=True),
        sa.Column("percent", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("step", sa.Text(), nullable=True),
        sa.CheckConstraint("percent between 0 and 100", name=op.f("progress_percent_range_check")),
        sa.CheckConstraint("remaining_seconds >= 0", name=op.f("progress_remaining_not_negative_check")),
        sa.ForeignKeyConstraint(["job_id"], ["pgqueue.jobs.id"], name=op.f("progress_job_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", name=op.f("progress_pkey")),
        schema="pgqueue",
        postgresql_with={"fillfactor": "50", "autovacuum_vacuum_scale_factor": "0.02"},
    )
    op.create_table(
        "results",
        sa.Column("job_id", sa.Uuid(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False
        ),
        sa.Column("summary", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("preview", sa.LargeBinary(), nullable=False),
        sa.Column("detail", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("jsonb_typeof(summary) = 'object'", name=op.f("results_summary_is_object_check")),
        sa.ForeignKeyConstraint(["job_id"], ["pgqueue.jobs.id"], name=op.f("results_job_id_fkey"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", name=op.f("results_pkey")),
        schema="pgqueue",
    )
    op.execute(NOTIFY_PROGRESS)
    op.execute(PROGRESS_TRIGGER)


def downgrade() -> None:
    op.drop_table("results", schema="pgqueue")
    op.drop_table("progress", schema="pgqueue")
    op.drop_table("attempts", schema="pgqueue")
    op.drop_index(
        "workers_live_idx", table_name="workers", schema="pgqueue", postgresql_where=sa.text("stopped_at is null")
    )
    op.drop_table("workers", schema="pgqueue")
    op.drop_table("turns", schema="pgqueue")
    op.drop_table("queues", schema="pgqueue")
    op.drop_table("lanes", schema="pgqueue")
    op.drop_index("jobs_user_idx", table_name="jobs", schema="pgqueue")
    op.drop_index(
        "jobs_scheduled_idx", table_name="jobs", schema="pgqueue", postgresql_where=sa.text("state = 'scheduled'")
    )
    op.drop_index(
        "jobs_requeued_from_idx",
        table_name="jobs",
        schema="pgqueue",
        postgresql_where=sa.text("requeued_from is not null"),
    )
    op.drop_index("jobs_ready_idx", table_name="jobs", schema="pgqueue", postgresql_where=sa.text("state = 'ready'"))
    op.drop_index(
        "jobs_processing_idx", table_name="jobs", schema="pgqueue", postgresql_where=sa.text("state = 'processing'")
    )
    op.drop_index(
        "jobs_idempotency_key",
        table_name="jobs",
        schema="pgqueue",
        postgresql_where=sa.text("idempotency_key is not null"),
    )
    op.drop_index(
        "jobs_finished_idx", table_name="jobs", schema="pgqueue", postgresql_where=sa.text("finished_at is not null")
    )
    op.drop_table("jobs", schema="pgqueue")
    op.execute("drop function pgqueue.notify_progress()")
    op.execute("drop function pgqueue.uuid7()")
