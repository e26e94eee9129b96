"""Counts that only grow, for dashboards: what was enqueued, how jobs ended, how long they waited and ran."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# Folds what happened since the last time into the tallies. Nothing in a hot commit pays for it: it walks the index of
# ended jobs, and the primary key, whose ids begin with the time. Whatever was stamped before `until` has been
# committed: a transaction that could still commit such a stamp began before it. One that lasts over a minute is not
# waited for; no statement that ends jobs does, and an enqueue inside a longer transaction is left out of `enqueued`.
TALLY = """
create function pgqueue.tally(in_queue text, in_lag interval default '1 second') returns void
language plpgsql
set search_path = pg_catalog
set plan_cache_mode = force_custom_plan
as $$
declare
  since timestamptz;
  until timestamptz;
begin
  -- Asked first: an insert that meets a row someone is changing waits for him, conflict or not.
  if not exists (select from pgqueue.tally_marks where queue = in_queue) then
    insert into pgqueue.tally_marks (queue, tallied_until)
    select name, created_at from pgqueue.queues where name = in_queue
    on conflict do nothing;
  end if;
  select tallied_until into since from pgqueue.tally_marks where queue = in_queue for update skip locked;
  if not found then
    return;
  end if;
  select least(clock_timestamp() - in_lag, since + interval '10 minutes', min(xact_start)) into until
    from pg_stat_activity
   where pid <> pg_backend_pid()
     and datname = current_database()
     and xact_start > clock_timestamp() - interval '1 minute';
  if until <= since then
    return;
  end if;

  insert into pgqueue.tallies as tally (queue, measure, bucket, count, seconds)
  with ended as materialized (
    select state, failures, crashes, started_at is not null as was_started,
           greatest(0, extract(epoch from started_at - run_at)) as wait,
           greatest(0, extract(epoch from finished_at - started_at)) as run
      from pgqueue.jobs
     where queue = in_queue
       and finished_at is not null
       and finished_at >= since
       and finished_at < until
  )
  select in_queue, 'enqueued', 'infinity'::real, count(*), 0
    from pgqueue.jobs
   where queue = in_queue
     and id >= pgqueue.first_uuid7(since)
     and id < pgqueue.first_uuid7(until)
  having count(*) > 0
  union all
  select in_queue, state, 'infinity', count(*), 0 from ended group by state
  union all
  select in_queue, 'failures', 'infinity', sum(failures), 0 from ended having sum(failures) > 0
  union all
  select in_queue, 'crashes', 'infinity', sum(crashes), 0 from ended having sum(crashes) > 0
  union all
  select in_queue, 'wait', coalesce(within.bound, 'infinity'), count(*), sum(wait)
    from ended
    left join lateral (
         select min(bound) as bound
           from unnest('{0.01,0.05,0.1,0.25,0.5,1,2.5,5,10,30,60,120,300,600,1800,3600}'::real[]) as bound
          where bound >= wait) as within on true
   where was_started
   group by within.bound
  union all
  select in_queue, 'run', coalesce(within.bound, 'infinity'), count(*), sum(run)
    from ended
    left join lateral (
         select min(bound) as bound
           from unnest('{0.01,0.05,0.1,0.25,0.5,1,2.5,5,10,30,60,120,300,600,1800,3600,7200}'::real[]) as bound
          where bound >= run) as within on true
   where was_started
   group by within.bound
  on conflict (queue, measure, bucket) do update
     set count = tally.count + excluded.count,
         seconds = tally.seconds + excluded.seconds;

  update pgqueue.tally_marks set tallied_until = until where queue = in_queue;
end
$$
"""

# The smallest version 7 UUID of that moment, rounded to milliseconds as uuid7() does.
FIRST_UUID7 = """
create function pgqueue.first_uuid7(at timestamptz) returns uuid
language sql immutable parallel safe
set search_path = pg_catalog
as $$
  select rpad(lpad(to_hex((extract(epoch from at) * 1000)::bigint), 12, '0') || '70008', 32, '0')::uuid
$$
"""

# What was there before: counted once, here.
BEGIN = """
insert into pgqueue.tally_marks (queue, tallied_until) select name, clock_timestamp() from pgqueue.queues;
insert into pgqueue.tallies (queue, measure, count)
select queue, state, count(*) from pgqueue.jobs where finished_at is not null group by queue, state
union all
select queue, 'enqueued', count(*) from pgqueue.jobs group by queue
"""


def upgrade() -> None:
    op.create_table(
        "tallies",
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("bucket", sa.REAL(), server_default=sa.text("'infinity'::real"), nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("seconds", sa.Double(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint(
            "measure in ('enqueued', 'completed', 'failed', 'cancelled', 'failures', 'crashes', 'wait', 'run')",
            name=op.f("tallies_measure_known_check"),
        ),
        sa.CheckConstraint("count >= 0 and seconds >= 0", name=op.f("tallies_not_negative_check")),
        sa.PrimaryKeyConstraint("queue", "measure", "bucket", name=op.f("tallies_pkey")),
        schema="pgqueue",
        postgresql_with={"fillfactor": "50"},
    )
    op.create_table(
        "tally_marks",
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("tallied_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("queue", name=op.f("tally_marks_pkey")),
        schema="pgqueue",
        postgresql_with={"fillfactor": "50"},
    )
    op.execute(BEGIN)
    op.execute(FIRST_UUID7)
    op.execute(TALLY)
    op.execute("revoke all on pgqueue.tallies, pgqueue.tally_marks from public")
    op.execute("revoke all on function pgqueue.tally(text, interval), pgqueue.first_uuid7(timestamptz) from public")


def downgrade() -> None:
    op.execute("drop function pgqueue.tally(text, interval)")
    op.execute("drop function pgqueue.first_uuid7(timestamptz)")
    op.drop_table("tally_marks", schema="pgqueue")
    op.drop_table("tallies", schema="pgqueue")
