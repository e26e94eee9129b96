"""What administrators did, an index for what they look for, and the views older SQL expects."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0013"
down_revision = "0011"
branch_labels = None
depends_on = None

VIEWS = {
    "backtest_jobs": """
select jobs.id as job_id, jobs.user_id, jobs.args ->> 'strategyId' as strategy_id,
       case when jobs.state in ('scheduled', 'held', 'ready') then 'waiting' else jobs.state end as status,
       case when jobs.state = 'completed' then 100
            when jobs.state in ('scheduled', 'held', 'ready') or progress.attempt is distinct from jobs.attempt then 0
            else progress.percent end::int as progress,
       said.step as current_step, said.step as message, jobs.priority::int as priority, results.summary as result,
       case when jobs.state in ('scheduled', 'held', 'ready', 'failed') then jobs.error ->> 'message' end as error,
       jobs.created_at,
       greatest(jobs.updated_at, progress.updated_at) as updated_at, jobs.started_at, jobs.finished_at as completed_at,
       jobs.args as params
  from pgqueue.jobs
  left join pgqueue.progress on progress.job_id = jobs.id
  left join pgqueue.results on results.job_id = jobs.id
 cross join lateral (
       select case
                when jobs.state = 'processing' and jobs.cancel_requested_at is not null then 'Stopping'
                when jobs.state = 'processing' and progress.attempt = jobs.attempt then
                  case progress.step
                    when 'load' then 'Loading prices'
                    when 'indicators' then 'Computing indicators'
                    when 'simulate' then 'Running backtest'
                    when 'save' then 'Saving results'
                    else coalesce(progress.step, 'Starting') end
                when jobs.state = 'processing' then 'Starting'
                when jobs.state in ('scheduled', 'held', 'ready') and jobs.error is not null
                  then 'Waiting to try again'
                when jobs.state in ('scheduled', 'held', 'ready') then 'Waiting in queue'
                when jobs.state = 'completed' then 'Completed'
                when jobs.state = 'failed' then 'Failed'
                when jobs.state = 'cancelled' then 'Cancelled' end as step) as said
 where jobs.kind in ('backtest', 'sweep')
""",
    "backtest_progress": """
select job_id, user_id, status, progress, current_step, message, error, created_at, updated_at
  from api.backtest_jobs
""",
    "backtest_results": """
select jobs.id as job_id, jobs.user_id, jobs.args ->> 'strategyId' as strategy_id, jobs.state as status,
       results.summary as result, results.summary -> 'metrics' as metrics, results.created_at,
       results.created_at as updated_at
  from pgqueue.results
  join pgqueue.jobs on jobs.id = results.job_id
 where jobs.kind in ('backtest', 'sweep')
""",
}


def upgrade() -> None:
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=sa.text("clock_timestamp()"), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("facts", JSONB(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.CheckConstraint("length(action) between 1 and 63", name=op.f("audit_action_length_check")),
        sa.CheckConstraint("length(target) between 1 and 200", name=op.f("audit_target_length_check")),
        sa.CheckConstraint("jsonb_typeof(facts) = 'object'", name=op.f("audit_facts_are_object_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("audit_pkey")),
        schema="api",
    )
    op.create_index("audit_target_idx", "audit", ["target", "id"], schema="api")
    # What ended badly is looked for among very many that did not; a run that goes well never touches it.
    op.create_index(
        "jobs_ended_badly_idx",
        "jobs",
        ["state", "id"],
        schema="pgqueue",
        postgresql_where=sa.text("state in ('failed', 'cancelled')"),
    )
    for name, query in VIEWS.items():
        op.execute(f"create view api.{name} with (security_invoker = true) as {query}")
    op.execute("revoke all on api.audit, api.backtest_jobs, api.backtest_progress, api.backtest_results from public")


def downgrade() -> None:
    for name in reversed(VIEWS):
        op.execute(f"drop view api.{name}")
    op.drop_index("jobs_ended_badly_idx", table_name="jobs", schema="pgqueue")
    op.drop_table("audit", schema="api")
