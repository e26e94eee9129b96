"""What operators and other languages use: functions to enqueue, cancel, requeue, pause; views; removing what is old."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

ENQUEUE = """
create function pgqueue.enqueue(
  kind text, args jsonb default '{}', queue text default 'backtest',
  user_id uuid default '00000000-0000-0000-0000-000000000000', priority int default 5,
  run_at timestamptz default null, idempotency_key text default null)
returns uuid
language plpgsql
set search_path = pg_catalog
as $$
declare
  answer record;
begin
  select * into answer
    from pgqueue.try_enqueue(enqueue.queue, enqueue.kind, enqueue.args, enqueue.user_id, null, enqueue.priority,
                             enqueue.run_at, 3, enqueue.idempotency_key,
                             sha256(convert_to(enqueue.kind || enqueue.args::text, 'UTF8')), null);
  if answer.refused is not null then
    raise exception '%', case answer.refused
      when 'daily_quota' then format('daily quota: all %s jobs of today are used', answer.refused_limit)
      when 'user_waiting' then format('waiting jobs: %s of the user wait already', answer.refused_limit)
      when 'credits' then format('credits: a job takes %s and fewer are left', answer.refused_limit)
      else format('queue: full, %s jobs are waiting', answer.refused_limit) end
      using errcode = 'configuration_limit_exceeded', hint = 'See pgqueue.plans, pgqueue.accounts, pgqueue.queues.';
  end if;
  if not answer.created and not answer.same_request then
    raise exception 'idempotency key % was used for job % with another request', enqueue.idempotency_key, answer.job_id
      using errcode = 'unique_violation', hint = 'Use a new key per request.';
  end if;
  return answer.job_id;
end
$$
"""

CANCEL = """
create function pgqueue.cancel(job_id uuid) returns text
language plpgsql
set search_path = pg_catalog
as $$
declare
  answer record;
begin
  select * into answer from pgqueue.try_cancel(cancel.job_id, null);
  if answer.state is null then
    raise exception 'job %: not found', cancel.job_id using errcode = 'no_data_found';
  elsif answer.state in ('completed', 'failed') then
    raise exception 'job %: cannot cancel a job that is %', cancel.job_id, answer.state
      using errcode = 'object_not_in_prerequisite_state';
  end if;
  return case when answer.state = 'cancelled' or answer.asked_before then 'already'
              when answer.state = 'processing' then 'requested' else 'cancelled' end;
end
$$
"""

REQUEUE = """
create function pgqueue.requeue(job_id uuid) returns uuid
language plpgsql
set search_path = pg_catalog
as $$
declare
  job pgqueue.jobs;
  answer record;
begin
  select * into job from pgqueue.jobs where id = requeue.job_id;
  if not found then
    raise exception 'job %: not found', requeue.job_id using errcode = 'no_data_found';
  elsif job.finished_at is null then
    raise exception 'job %: cannot requeue a job that is %', requeue.job_id, job.state
      using errcode = 'object_not_in_prerequisite_state';
  end if;
  select * into answer
    from pgqueue.try_enqueue(job.queue, job.kind, job.args, job.user_id, null, job.priority, null, job.max_retries,
                             null, null, job.id);
  if answer.refused is not null then
    raise exception 'job %: refused, %', requeue.job_id, answer.refused using errcode = 'configuration_limit_exceeded';
  end if;
  return answer.job_id;
end
$$
"""

PAUSE = """
create function pgqueue.pause(queue text default 'backtest') returns void
language sql
set search_path = pg_catalog
as $$
  select pgqueue.ensure_queue(queue);
  update pgqueue.queues set paused = true where name = queue;
$$
"""

RESUME = """
create function pgqueue.resume(queue text default 'backtest') returns void
language sql
set search_path = pg_catalog
as $$
  update pgqueue.queues set paused = false where name = queue;
$$
"""

VIEWS = {
    "job_counts": """
select queue, state, count(*) as jobs, min(run_at) filter (where finished_at is null) as oldest
  from pgqueue.jobs
 group by queue, state
""",
    "stuck_jobs": """
select jobs.id, jobs.queue, jobs.user_id, jobs.state, jobs.attempt, why.reason, why.since
  from pgqueue.jobs
  left join pgqueue.queues on queues.name = jobs.queue
  left join pgqueue.workers on workers.id = jobs.worker_id
  left join pgqueue.lanes on lanes.queue = jobs.queue and lanes.user_id = jobs.user_id
 cross join lateral (
       select case
                when jobs.state = 'processing' and (workers.stopped_at is not null
                     or workers.lease_expires_at < clock_timestamp()) then 'the lease of its worker has lapsed'
                when jobs.state = 'processing' and jobs.cancel_requested_at < clock_timestamp() - interval '1 minute'
                  then 'was asked to cancel and runs on'
                when jobs.state = 'held' and lanes.used < coalesce(lanes.slots, 2147483647)
                  then 'is held back behind a free slot'
                when jobs.state in ('ready', 'held') and queues.paused then 'the queue is paused'
                when jobs.state in ('ready', 'held') and not exists (
                       select from pgqueue.workers as live
                        where live.queue = jobs.queue and live.stopped_at is null and not live.draining
                          and live.lease_expires_at > clock_timestamp()) then 'no live worker serves the queue'
                when jobs.state = 'held' then 'its user runs as many as the plan allows'
                when jobs.state = 'ready' then 'others stand before it'
                when jobs.state = 'scheduled' then 'is due and nobody has promoted it'
              end as reason,
              case when jobs.state = 'processing' then jobs.started_at else jobs.run_at end as since) as why
 where jobs.finished_at is null
   and why.reason is not null
   and why.since < clock_timestamp() - interval '1 minute'
""",
    "recent_runs": """
select jobs.queue, jobs.kind, count(*) as runs,
       percentile_cont(0.5) within group (order by extract(epoch from attempts.started_at - jobs.run_at)) as wait_p50_s,
       percentile_cont(0.95) within group (order by extract(epoch from attempts.started_at - jobs.run_at))
         as wait_p95_s,
       percentile_cont(0.5) within group (order by extract(epoch from attempts.finished_at - attempts.started_at))
         as run_p50_s,
       percentile_cont(0.95) within group (order by extract(epoch from attempts.finished_at - attempts.started_at))
         as run_p95_s
  from pgqueue.jobs
  join pgqueue.attempts on attempts.job_id = jobs.id and attempts.attempt = jobs.attempt
 where jobs.finished_at > clock_timestamp() - interval '1 hour'
 group by jobs.queue, jobs.kind
""",
    "throughput_by_minute": """
select queue, date_trunc('minute', finished_at) as minute,
       count(*) filter (where state = 'completed') as completed,
       count(*) filter (where state = 'failed') as failed,
       count(*) filter (where state = 'cancelled') as cancelled
  from pgqueue.jobs
 where finished_at > clock_timestamp() - interval '1 hour'
 group by queue, date_trunc('minute', finished_at)
""",
    "live_workers": """
select workers.id, workers.host, workers.pid, workers.queue, workers.slots, workers.version, workers.draining,
       workers.started_at, workers.beat_at, count(jobs.id) as running
  from pgqueue.workers
  left join pgqueue.jobs on jobs.worker_id = workers.id and jobs.state = 'processing'
 where workers.stopped_at is null
   and workers.lease_expires_at > clock_timestamp()
 group by workers.id
""",
    "users_at_limit": """
select queue, user_id, slots, used, parked, today
  from pgqueue.lanes
 where parked > 0
   and used >= slots
""",
    "balances": """
select accounts.user_id, plans.name as plan, accounts.available, accounts.held,
       coalesce(sum(ledger.amount) filter (where ledger.entry = 'granted'), 0) as granted,
       coalesce(sum(ledger.amount) filter (where ledger.entry = 'taken'), 0) as taken
  from pgqueue.accounts
  join pgqueue.plans on plans.tier = accounts.tier
  left join pgqueue.ledger on ledger.user_id = accounts.user_id
 group by accounts.user_id, plans.name
""",
}

# By the index of finished jobs, oldest first, a bounded number at a time: claims never meet them.
PRUNE = """
create function pgqueue.prune(keep interval default '30 days', at_most int default 1000) returns int
language plpgsql
set search_path = pg_catalog
as $$
declare
  pruned int;
begin
  delete from pgqueue.jobs
   where id = any(array(
         select oldest.id
           from pgqueue.queues
          cross join lateral (select id from pgqueue.jobs
                               where queue = queues.name
                                 and finished_at is not null
                                 and finished_at < clock_timestamp() - keep
                               order by finished_at
                               limit at_most
                                 for update skip locked) as oldest
          limit at_most));
  get diagnostics pruned = row_count;
  delete from pgqueue.workers where stopped_at < clock_timestamp() - keep;
  return pruned;
end
$$
"""

# Everything that is a user's: waiting jobs are cancelled, ended ones removed with their results. The ledger stays: it
# is the books, and names no more than the id.
FORGET_USER = """
create function pgqueue.forget_user(in_user_id uuid, out cancelled int, out removed int, out running int)
language plpgsql
set search_path = pg_catalog
as $$
begin
  update pgqueue.jobs
     set state = 'cancelled', finished_at = clock_timestamp(), cancel_requested_at = clock_timestamp(), seq = seq + 1,
         updated_at = clock_timestamp()
   where user_id = in_user_id and state in ('scheduled', 'held', 'ready');
  get diagnostics cancelled = row_count;
  delete from pgqueue.jobs where user_id = in_user_id and finished_at is not null;
  get diagnostics removed = row_count;
  select count(*) into running from pgqueue.jobs where user_id = in_user_id;
end
$$
"""

FUNCTIONS = {
    "enqueue": ENQUEUE,
    "cancel": CANCEL,
    "requeue": REQUEUE,
    "pause": PAUSE,
    "resume": RESUME,
    "prune": PRUNE,
    "forget_user": FORGET_USER,
}

# Nothing is anyone's by default.
REVOKE = """
revoke all on all tables in schema pgqueue, engine, api from public;
revoke all on all functions in schema pgqueue, engine, api from public;
revoke all on all sequences in schema pgqueue, engine, api from public
"""


def upgrade() -> None:
    for function in FUNCTIONS.values():
        op.execute(function)
    for name, query in VIEWS.items():
        op.execute(f"create view pgqueue.{name} with (security_invoker = true) as {query}")
    op.execute(REVOKE)


def downgrade() -> None:
    for name in VIEWS:
        op.execute(f"drop view pgqueue.{name}")
    for name in FUNCTIONS:
        op.execute(f"drop function pgqueue.{name}")
