"""Dead rows of hot tables go early; which releases the schema serves is written in it; a cheap look at queues."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# By default a fifth of a table must be dead first. A claim's index is short and each entry dies with its claim; the
# narrow tables are updated several times a job and read by every statement. None of this takes a lock that readers or
# writers wait for. The figures' reasons stand in the schema.
STORAGE = {
    "jobs": {
        "autovacuum_vacuum_scale_factor": "0.01",
        "autovacuum_vacuum_threshold": "1000",
        "autovacuum_analyze_scale_factor": "0.02",
        "autovacuum_vacuum_cost_delay": "1",
    },
    "progress": {
        "autovacuum_vacuum_scale_factor": "0.01",
        "autovacuum_vacuum_threshold": "1000",
        "autovacuum_vacuum_cost_delay": "1",
    },
    "lanes": {
        "autovacuum_vacuum_scale_factor": "0.01",
        "autovacuum_vacuum_threshold": "500",
        "autovacuum_vacuum_cost_delay": "0",
    },
    "accounts": {
        "autovacuum_vacuum_scale_factor": "0.01",
        "autovacuum_vacuum_threshold": "500",
        "autovacuum_vacuum_cost_delay": "0",
    },
    "turns": {
        "fillfactor": "50",
        "autovacuum_vacuum_scale_factor": "0",
        "autovacuum_vacuum_threshold": "200",
        "autovacuum_vacuum_cost_delay": "0",
    },
    "queues": {
        "fillfactor": "50",
        "autovacuum_vacuum_scale_factor": "0",
        "autovacuum_vacuum_threshold": "200",
        "autovacuum_vacuum_cost_delay": "0",
    },
    "workers": {
        "autovacuum_vacuum_scale_factor": "0",
        "autovacuum_vacuum_threshold": "200",
        "autovacuum_vacuum_cost_delay": "0",
    },
}
BEFORE = {
    "jobs": {"autovacuum_vacuum_scale_factor": "0.02"},
    "progress": {"autovacuum_vacuum_scale_factor": "0.02"},
}

# No count over a table: what waits was counted within the last seconds, what runs has an index that holds nothing else.
QUEUE_OVERVIEW = """
select queues.name as queue, queues.paused, queues.waiting,
       extract(epoch from clock_timestamp() - queues.counted_at)::int as counted_seconds_ago,
       (select count(*) from pgqueue.jobs where jobs.queue = queues.name and jobs.state = 'processing') as running,
       (select coalesce(sum(workers.slots), 0) from pgqueue.workers
         where workers.queue = queues.name and workers.stopped_at is null and not workers.draining
           and workers.lease_expires_at > clock_timestamp()) as slots,
       (select extract(epoch from clock_timestamp() - min(jobs.run_at))::int from pgqueue.jobs
         where jobs.queue = queues.name and jobs.state in ('held', 'ready') and jobs.rank > 0) as longest_wait_seconds,
       (select count(*) from (select from pgqueue.jobs
                               where jobs.queue = queues.name and jobs.state = 'scheduled' limit 1000) as scheduled)
         as scheduled_up_to_1000
  from pgqueue.queues
"""


def upgrade() -> None:
    op.create_table(
        "compatibility",
        sa.Column("is_only_row", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("since", sa.Text(), nullable=False),
        sa.CheckConstraint("is_only_row", name=op.f("compatibility_one_row_check")),
        sa.PrimaryKeyConstraint("is_only_row", name=op.f("compatibility_pkey")),
        schema="pgqueue",
    )
    op.execute("insert into pgqueue.compatibility (since) values ('0010')")
    for table, options in STORAGE.items():
        _set(table, options)
    op.execute(f"create view pgqueue.queue_overview with (security_invoker = true) as {QUEUE_OVERVIEW}")


def downgrade() -> None:
    op.execute("drop view pgqueue.queue_overview")
    for table, options in STORAGE.items():
        op.execute(f"alter table pgqueue.{table} reset ({', '.join(options)})")
    for table, options in BEFORE.items():
        _set(table, options)
    op.drop_table("compatibility", schema="pgqueue")


def _set(table: str, options: dict[str, str]) -> None:
    words = ", ".join(f"{name} = {value}" for name, value in options.items())
    op.execute(f"alter table pgqueue.{table} set ({words})")
