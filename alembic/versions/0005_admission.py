"""Plans, accounts, credits, and lanes that admit a user's jobs up to the plan's limit."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

NOW = sa.text("clock_timestamp()")

PLANS = """
insert into pgqueue.plans (tier, name, concurrent, per_day, waiting)
values (0, 'free', 1, 3, 100), (1, 'basic', 2, null, 1000), (2, 'pro', 4, null, 10000)
"""

# What a lane counts of a job: a slot while it is ready or running, a place in the line while it is held or scheduled.
# A trigger keeps the counts, so whoever changes a job's state, by whatever statement, keeps the limit. Its every query
# sees what was committed before it, so a job enqueued as held while it waited for the lane's row is not left behind a
# free slot. Claims change no count and touch no lane.
JOBS_MOVED = """
create function pgqueue.jobs_moved() returns trigger
language plpgsql
set search_path = pg_catalog
set plan_cache_mode = force_custom_plan
as $$
declare
  lane record;
begin
  for lane in
    select moved.queue, moved.user_id, moved.day, sum(moved.used)::int as used, sum(moved.parked)::int as parked,
           sum(moved.unstarted)::int as unstarted
      from (select now.queue, now.user_id, (now.created_at at time zone 'UTC')::date as day,
                   (now.state in ('ready', 'processing'))::int - (was.state in ('ready', 'processing'))::int as used,
                   (now.state in ('held', 'scheduled'))::int - (was.state in ('held', 'scheduled'))::int as parked,
                   now.state in ('held', 'scheduled') or was.state in ('held', 'scheduled') as is_parked,
                   (now.state = 'cancelled' and now.attempt = 0)::int as unstarted
              from now_jobs as now
              join was_jobs as was on was.id = now.id
             where now.limited
               and now.state <> was.state) as moved
     where moved.used <> 0 or moved.is_parked
     group by moved.queue, moved.user_id, moved.day
     order by moved.queue, moved.user_id, moved.day
  loop
    update pgqueue.lanes
       set used = lanes.used + lane.used,
           parked = lanes.parked + lane.parked,
           today = case when lanes.day = lane.day then greatest(0, lanes.today - lane.unstarted) else lanes.today end,
           excess = case when lanes.slots is null then 0
                         else least(lanes.excess, greatest(0, lanes.used + lane.used - lanes.slots)) end
     where lanes.queue = lane.queue
       and lanes.user_id = lane.user_id;
    perform pgqueue.admit(lane.queue, lane.user_id);
  end loop;

  if exists (select from now_jobs where credits > 0 and finished_at is not null) then
    perform pgqueue.settle(array(select now.id
                                   from now_jobs as now
                                   join was_jobs as was on was.id = now.id
                                  where now.credits > 0
                                    and now.finished_at is not null
                                    and was.finished_at is null));
  end if;
  return null;
end
$$
"""

JOBS_MOVED_TRIGGER = """
create trigger jobs_moved
after update on pgqueue.jobs
referencing old table as was_jobs new table as now_jobs
for each statement execute function pgqueue.jobs_moved()
"""

# The caller holds the lane's row. Best held jobs first; who comes to a rank joins at its floor, not at the turns that
# others have used up. A held job that someone else is changing is passed over: he will be here next.
ADMIT = """
create function pgqueue.admit(in_queue text, in_user_id uuid) returns void
language plpgsql
set search_path = pg_catalog
set plan_cache_mode = force_custom_plan
as $$
declare
  free int;
begin
  select coalesce(slots, 10000) - used into free
    from pgqueue.lanes
   where queue = in_queue and user_id = in_user_id and parked > 0;
  if free > 0 then
    update pgqueue.jobs
       set state = 'ready',
           updated_at = clock_timestamp(),
           turn = case when rank = 0 then turn
                       else greatest(turn, (select floor from pgqueue.turns
                                             where turns.queue = in_queue and turns.rank = jobs.rank)) end
     where id = any(array(
           select id
             from pgqueue.jobs
            where queue = in_queue
              and user_id = in_user_id
              and state = 'held'
            order by rank, turn, id
            limit free
              for update skip locked));
  end if;
end
$$
"""

# A hold becomes a payment when the job completed, and goes back when it did not: once, for a job ends once.
SETTLE = """
create function pgqueue.settle(in_job_ids uuid[]) returns void
language plpgsql
set search_path = pg_catalog
set plan_cache_mode = force_custom_plan
as $$
begin
  -- In one order, so that two endings never wait for each other.
  perform from pgqueue.accounts
    where user_id = any(array(select user_id from pgqueue.jobs where id = any(in_job_ids)))
    order by user_id
      for update;
  insert into pgqueue.ledger (user_id, job_id, entry, amount)
  select user_id, id, case when state = 'completed' then 'taken' else 'returned' end, credits
    from pgqueue.jobs
   where id = any(in_job_ids);
  update pgqueue.accounts
     set held = accounts.held - ended.credits,
         available = accounts.available + ended.returned
    from (select user_id, sum(credits) as credits,
                 coalesce(sum(credits) filter (where state <> 'completed'), 0) as returned
            from pgqueue.jobs
           where id = any(in_job_ids)
           group by user_id) as ended
   where accounts.user_id = ended.user_id;
end
$$
"""

# Better jobs take the places of the user's worst ones that are ready and not claimed; the trigger admits them.
GIVE_WAY = """
create function pgqueue.give_way(in_queue text, in_user_id uuid, in_rank smallint, in_places int) returns void
language sql
set search_path = pg_catalog
set plan_cache_mode = force_custom_plan
as $$
  update pgqueue.jobs
     set state = 'held',
         updated_at = clock_timestamp()
   where id = any(array(
         select id
           from pgqueue.jobs
          where queue = in_queue
            and user_id = in_user_id
            and limited
            and state = 'ready'
            and rank > in_rank
          order by rank desc, turn desc, id desc
          limit in_places
            for update skip locked))
$$
"""

# Places for many jobs of one user at once: the caller COPYs them in the same transaction, the first so many as ready.
# All or none are admitted.
RESERVE_BATCH = """
create function pgqueue.reserve_batch(
  in_queue text, in_user_id uuid, in_tier int, in_priority int, in_count int, in_is_delayed boolean,
  out ids uuid[], out tier smallint, out rank smallint, out first_turn bigint, out ready int, out credits bigint,
  out refused text, out refused_limit bigint, out refused_seconds float8)
language plpgsql
set search_path = pg_catalog
set plan_cache_mode = force_custom_plan
as $$
declare
  nobody constant uuid := '00000000-0000-0000-0000-000000000000';
  today_utc constant date := (clock_timestamp() at time zone 'UTC')::date;
  plan pgqueue.plans;
  lane pgqueue.lanes;
  whole pgqueue.queues;
begin
  perform pgqueue.ensure_queue(in_queue);
  select * into whole from pgqueue.queues where name = in_queue;
  if whole.waiting + in_count > whole.max_waiting then
    refused := 'queue_full'; refused_limit := whole.max_waiting; return;
  end if;
  if in_user_id <> nobody then
    insert into pgqueue.accounts (user_id, tier) values (in_user_id, coalesce(in_tier, 0)) on conflict do nothing;
    select plans.tier, plans.name, coalesce(accounts.concurrent, plans.concurrent),
           coalesce(accounts.per_day, plans.per_day), coalesce(accounts.waiting, plans.waiting), plans.credits_per_job
      into plan
      from pgqueue.accounts join pgqueue.plans on plans.tier = coalesce(in_tier, accounts.tier)
     where accounts.user_id = in_user_id;
    insert into pgqueue.lanes (queue, user_id, slots, day) values (in_queue, in_user_id, plan.concurrent, today_utc)
    on conflict do nothing;
    select * into lane from pgqueue.lanes where queue = in_queue and user_id = in_user_id for update;
    if lane.day <> today_utc then
      lane.day := today_utc; lane.today := 0;
    end if;
    if lane.today + in_count > plan.per_day then
      refused := 'daily_quota'; refused_limit := plan.per_day;
      refused_seconds := extract(epoch from (today_utc + 1)::timestamp at time zone 'UTC' - clock_timestamp());
      return;
    end if;
    if lane.parked + lane.used + in_count > plan.waiting + coalesce(plan.concurrent, 0) then
      refused := 'user_waiting'; refused_limit := plan.waiting; return;
    end if;
    if plan.credits_per_job > 0 then
      update pgqueue.accounts
         set available = available - plan.credits_per_job * in_count, held = held + plan.credits_per_job * in_count
       where user_id = in_user_id and available >= plan.credits_per_job * in_count;
      if not found then
        refused := 'credits'; refused_limit := plan.credits_per_job * in_count; return;
      end if;
    end if;
  end if;
  tier := coalesce(plan.tier, in_tier, 0);
  credits := coalesce(plan.credits_per_job, 0);
  rank := (2 - tier) * 10 + 11 - in_priority;
  select coalesce(max(floor), 0) + 1 into first_turn
    from pgqueue.turns where turns.queue = in_queue and turns.rank = reserve_batch.rank;
  ids := array(select pgqueue.uuid7() as id from generate_series(1, in_count) order by id);
  ready := case when in_is_delayed then 0 else in_count end;
  if in_user_id <> nobody then
    first_turn := greatest(first_turn, coalesce(lane.last_turns[rank], 0) + 1);
    lane.last_turns[rank] := first_turn + in_count - 1;
    ready := least(ready, greatest(0, coalesce(plan.concurrent, 2147483647) - lane.used));
    update pgqueue.lanes
       set slots = plan.concurrent,
           excess = case when plan.concurrent is null then 0 else greatest(0, lane.used - plan.concurrent) end,
           day = lane.day, today = lane.today + in_count, last_turns = lane.last_turns,
           used = used + ready, parked = parked + in_count - ready
     where queue = in_queue and user_id = in_user_id;
  end if;
end
$$
"""

# One door for every caller: HTTP, Python, the command line and SQL. It refuses by an answer, not by an error, because
# an error would take the caller's transaction along.
TRY_ENQUEUE = """
create function pgqueue.try_enqueue(
  in_queue text, in_kind text, in_args jsonb, in_user_id uuid, in_tier int, in_priority int, in_run_at timestamptz,
  in_max_retries int, in_idempotency_key text, in_request_hash bytea, in_requeued_from uuid,
  out job_id uuid, out created boolean, out same_request boolean,
  out refused text, out refused_limit bigint, out refused_seconds float8)
language plpgsql
set search_path = pg_catalog
set plan_cache_mode = force_custom_plan
as $$
declare
  -- Who belongs to no plan has no lane: no limit, no turns to take.
  nobody constant uuid := '00000000-0000-0000-0000-000000000000';
  has_lane constant boolean := in_user_id <> nobody;
  today_utc constant date := (clock_timestamp() at time zone 'UTC')::date;
  plan_tier smallint := coalesce(in_tier, 0);
  plan_concurrent int;
  plan_per_day int;
  plan_waiting int;
  plan_credits bigint := 0;
  lane pgqueue.lanes;
  is_full boolean;
  max_waiting int;
  new_rank smallint;
  new_turn bigint;
  new_state text;
begin
  created := false;
  loop
    select coalesce(queues.max_waiting <= queues.waiting, false), queues.max_waiting into is_full, max_waiting
      from pgqueue.queues where name = in_queue;
    exit when found;
    perform pgqueue.ensure_queue(in_queue);
  end loop;

  if has_lane then
    loop
      select plans.tier, coalesce(accounts.concurrent, plans.concurrent), coalesce(accounts.per_day, plans.per_day),
             coalesce(accounts.waiting, plans.waiting), plans.credits_per_job
        into plan_tier, plan_concurrent, plan_per_day, plan_waiting, plan_credits
        from pgqueue.accounts join pgqueue.plans on plans.tier = coalesce(in_tier, accounts.tier)
       where accounts.user_id = in_user_id;
      exit when found;
      insert into pgqueue.accounts (user_id, tier) values (in_user_id, coalesce(in_tier, 0)) on conflict do nothing;
    end loop;
    loop
      select * into lane from pgqueue.lanes where queue = in_queue and user_id = in_user_id for update;
      exit when found;
      insert into pgqueue.lanes (queue, user_id, slots, day) values (in_queue, in_user_id, plan_concurrent, today_utc)
      on conflict do nothing;
    end loop;
  end if;

  -- Behind the lane's lock, so that of two requests with one key the second finds the first.
  if in_idempotency_key is not null then
    select id, request_hash is not distinct from in_request_hash into job_id, same_request
      from pgqueue.jobs
     where queue = in_queue and user_id = in_user_id and idempotency_key = in_idempotency_key;
    if found then return; end if;
  end if;

  if is_full then
    refused := 'queue_full'; refused_limit := max_waiting; return;
  end if;
  new_rank := (2 - plan_tier) * 10 + 11 - in_priority;
  select coalesce(max(floor), 0) + 1 into new_turn from pgqueue.turns where queue = in_queue and rank = new_rank;
  if has_lane then
    if lane.day <> today_utc then
      lane.day := today_utc; lane.today := 0;
    end if;
    if lane.today >= plan_per_day then
      refused := 'daily_quota'; refused_limit := plan_per_day;
      refused_seconds := extract(epoch from (today_utc + 1)::timestamp at time zone 'UTC' - clock_timestamp());
      return;
    end if;
    if lane.parked + lane.used >= plan_waiting + coalesce(plan_concurrent, 0) then
      refused := 'user_waiting'; refused_limit := plan_waiting; return;
    end if;
    if plan_credits > 0 then
      update pgqueue.accounts set available = available - plan_credits, held = held + plan_credits
       where user_id = in_user_id and available >= plan_credits;
      if not found then
        refused := 'credits'; refused_limit := plan_credits; return;
      end if;
    end if;
    new_turn := greatest(new_turn, coalesce(lane.last_turns[new_rank], 0) + 1);
    lane.last_turns[new_rank] := new_turn;
    lane.slots := plan_concurrent;
    lane.excess := case when lane.slots is null then 0 else greatest(0, lane.used - lane.slots) end;
  end if;

  new_state := case when in_run_at > clock_timestamp() then 'scheduled'
                    when lane.used >= plan_concurrent then 'held'
                    else 'ready' end;
  insert into pgqueue.jobs (queue, kind, user_id, tier, priority, rank, turn, args, max_retries, limited, credits,
                            idempotency_key, request_hash, requeued_from, run_at, state)
  values (in_queue, in_kind, in_user_id, plan_tier, in_priority, new_rank, new_turn, in_args, in_max_retries, has_lane,
          plan_credits, in_idempotency_key, in_request_hash, in_requeued_from,
          coalesce(in_run_at, clock_timestamp()), new_state)
  on conflict (queue, user_id, idempotency_key) where idempotency_key is not null do nothing
  returning id into job_id;
  if job_id is null then
    -- Only jobs that belong to nobody get here: they have no lane to wait at.
    select id, request_hash is not distinct from in_request_hash into job_id, same_request
      from pgqueue.jobs
     where queue = in_queue and user_id = in_user_id and idempotency_key = in_idempotency_key;
    return;
  end if;
  created := true;

  if has_lane then
    update pgqueue.lanes
       set slots = lane.slots, excess = lane.excess, day = lane.day, today = lane.today + 1,
           last_turns = lane.last_turns,
           used = used + (new_state = 'ready')::int,
           parked = parked + (new_state <> 'ready')::int
     where queue = in_queue and user_id = in_user_id;
    if plan_credits > 0 then
      insert into pgqueue.ledger (user_id, job_id, entry, amount)
      values (in_user_id, job_id, 'held', plan_credits);
    end if;
    if new_state = 'held' then
      perform pgqueue.give_way(in_queue, in_user_id, new_rank, 1);
    end if;
  end if;
end
$$
"""

# A plan or an account that changes changes its lanes at once: a higher limit admits, a lower one lets what runs run on.
LIMITS_CHANGED = """
create function pgqueue.limits_changed() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
declare
  lane record;
begin
  for lane in
    select lanes.queue, lanes.user_id, coalesce(accounts.concurrent, plans.concurrent) as slots
      from pgqueue.lanes
      join pgqueue.accounts on accounts.user_id = lanes.user_id
      join pgqueue.plans on plans.tier = accounts.tier
     where lanes.slots is distinct from coalesce(accounts.concurrent, plans.concurrent)
     order by lanes.queue, lanes.user_id
  loop
    update pgqueue.lanes
       set slots = lane.slots,
           excess = case when lane.slots is null then 0 else greatest(0, used - lane.slots) end
     where queue = lane.queue and user_id = lane.user_id;
    perform pgqueue.admit(lane.queue, lane.user_id);
  end loop;
  return null;
end
$$
"""

LIMITS_CHANGED_TRIGGERS = """
create trigger limits_changed after update of tier, concurrent on pgqueue.accounts
for each statement execute function pgqueue.limits_changed();
create trigger limits_changed after update of concurrent on pgqueue.plans
for each statement execute function pgqueue.limits_changed();
"""

# A job that has waited too long is lifted above all ranks, the oldest first: never more of a user's than his limit at a
# time, for a lifted job takes the place of one of his own.
LIFT = """
create function pgqueue.lift(in_queue text, in_max_wait_seconds float8) returns int
language plpgsql
set search_path = pg_catalog
set plan_cache_mode = force_custom_plan
as $$
declare
  lifted int;
  lane record;
begin
  update pgqueue.jobs
     set rank = 0,
         turn = (extract(epoch from run_at) * 1000000)::bigint,
         updated_at = clock_timestamp()
   where id = any(array(
         select id
           from pgqueue.jobs
          where queue = in_queue
            and state in ('held', 'ready')
            and rank > 0
            and run_at < clock_timestamp() - make_interval(secs => in_max_wait_seconds)
          order by run_at
          limit 1000
            for update skip locked));
  get diagnostics lifted = row_count;
  if lifted > 0 then
    for lane in
      select queue, user_id from pgqueue.lanes
       where queue = in_queue and parked > 0 and slots is not null
       order by queue, user_id
         for update
    loop
      -- As many of the user's own ready jobs give way as lifted ones are held back.
      update pgqueue.jobs
         set state = 'held', updated_at = clock_timestamp()
       where id = any(array(
             select id from pgqueue.jobs
              where queue = lane.queue and user_id = lane.user_id and limited and state = 'ready' and rank > 0
              order by rank desc, turn desc, id desc
              limit (select count(*) from pgqueue.jobs
                      where queue = lane.queue and user_id = lane.user_id and limited and state = 'held' and rank = 0)
                for update skip locked));
    end loop;
  end if;
  return lifted;
end
$$
"""

# One statement would decide on the row as it was before it waited for its lock.
TRY_CANCEL = """
create function pgqueue.try_cancel(in_job_id uuid, in_user_id uuid, out state text, out asked_before boolean)
language plpgsql
set search_path = pg_catalog
as $$
begin
  select jobs.state, jobs.cancel_requested_at is not null into state, asked_before
    from pgqueue.jobs
   where id = in_job_id and (in_user_id is null or user_id = in_user_id)
     for update;
  if state in ('scheduled', 'held', 'ready') then
    update pgqueue.jobs
       set state = 'cancelled', finished_at = clock_timestamp(), error = null, cancel_requested_at = clock_timestamp(),
           seq = seq + 1, updated_at = clock_timestamp()
     where id = in_job_id;
  elsif state = 'processing' and not asked_before then
    update pgqueue.jobs
       set cancel_requested_at = clock_timestamp(), seq = seq + 1, updated_at = clock_timestamp()
     where id = in_job_id;
  end if;
end
$$
"""

# What must hold at any moment, whatever was killed: no row on a healthy database. For operators, and for tests.
CHECK_INVARIANTS = """
create function pgqueue.check_invariants() returns table (problem text, detail text)
language sql stable
set search_path = pg_catalog
as $$
  with unfinished as (
    select queue, user_id,
           count(*) filter (where state in ('ready', 'processing')) as used,
           count(*) filter (where state in ('held', 'scheduled')) as parked,
           count(*) filter (where state = 'held') as held
      from pgqueue.jobs
     where limited and finished_at is null
     group by queue, user_id
  )
  select 'lane counts are wrong',
         format('queue %s, user %s: used %s, really %s; parked %s, really %s', queue, user_id,
                lanes.used, coalesce(unfinished.used, 0), lanes.parked, coalesce(unfinished.parked, 0))
    from pgqueue.lanes
    full join unfinished using (queue, user_id)
   where (lanes.used, lanes.parked) is distinct from (coalesce(unfinished.used, 0), coalesce(unfinished.parked, 0))
  union all
  select 'job held back behind a free slot', format('queue %s, user %s: %s held', queue, user_id, unfinished.held)
    from pgqueue.lanes join unfinished using (queue, user_id)
   where unfinished.held > 0 and lanes.used < coalesce(lanes.slots, 2147483647)
  union all
  select 'account is not the sum of its ledger', format('user %s: available %s, held %s; ledger %s, %s', user_id,
         accounts.available, accounts.held, coalesce(sums.available, 0), coalesce(sums.held, 0))
    from pgqueue.accounts
    left join (select user_id,
                      sum(case entry when 'held' then -amount when 'taken' then 0 else amount end) as available,
                      sum(case entry when 'held' then amount when 'granted' then 0 else -amount end) as held
                 from pgqueue.ledger group by user_id) as sums using (user_id)
   where (accounts.available, accounts.held) is distinct from (coalesce(sums.available, 0), coalesce(sums.held, 0))
  union all
  select 'job is not paid for as it ended', format('job %s, %s: entries %s', jobs.id, jobs.state, entries.all)
    from pgqueue.jobs
   cross join lateral (select coalesce(array_agg(entry order by id), '{}') as all
                         from pgqueue.ledger where job_id = jobs.id) as entries
   where jobs.credits > 0
     and entries.all <> case when jobs.finished_at is null then array['held']
                             when jobs.state = 'completed' then array['held', 'taken']
                             else array['held', 'returned'] end
  union all
  select 'completed job and its result do not match', format('job %s', coalesce(jobs.id, results.job_id))
    from (select id, attempt from pgqueue.jobs where state = 'completed') as jobs
    full join pgqueue.results on results.job_id = jobs.id and results.attempt = jobs.attempt
   where jobs.id is null or results.job_id is null
  union all
  select 'ended job has not one last attempt that says how', format('job %s, %s', jobs.id, jobs.state)
    from pgqueue.jobs
   where jobs.finished_at is not null
     and jobs.attempt > 0
     and not exists (select from pgqueue.attempts
                      where attempts.job_id = jobs.id and attempts.attempt = jobs.attempt
                        and (attempts.outcome = 'completed') = (jobs.state = 'completed'))
  union all
  select 'attempt that nobody made', format('job %s, attempt %s', attempts.job_id, attempts.attempt)
    from pgqueue.attempts join pgqueue.jobs on jobs.id = attempts.job_id
   where attempts.attempt > jobs.attempt
      or (attempts.outcome = 'completed' and attempts.attempt <> jobs.attempt)
  union all
  select 'running job without a live worker', format('job %s, worker %s', jobs.id, jobs.worker_id)
    from pgqueue.jobs
   where jobs.state = 'processing'
     and not exists (select from pgqueue.workers
                      where workers.id = jobs.worker_id and workers.stopped_at is null
                        and workers.lease_expires_at > clock_timestamp() - interval '1 minute')
  union all
  select 'attempted job without a progress row', format('job %s', jobs.id)
    from pgqueue.jobs
   where jobs.attempt > 0
     and not exists (select from pgqueue.progress where progress.job_id = jobs.id)
$$
"""

ENSURE_QUEUE = """
create function pgqueue.ensure_queue(in_queue text) returns void
language sql
set search_path = pg_catalog
as $$
  insert into pgqueue.queues (name) values (in_queue) on conflict do nothing;
  insert into pgqueue.turns (queue, rank)
  select in_queue, rank from generate_series(0, 30) as rank
  on conflict do nothing;
$$
"""


def upgrade() -> None:
    op.create_table(
        "plans",
        sa.Column("tier", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("concurrent", sa.Integer(), nullable=True),
        sa.Column("per_day", sa.Integer(), nullable=True),
        sa.Column("waiting", sa.Integer(), nullable=False),
        sa.Column("credits_per_job", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.CheckConstraint("tier between 0 and 2", name=op.f("plans_tier_range_check")),
        sa.CheckConstraint("concurrent between 1 and 10000", name=op.f("plans_concurrent_range_check")),
        sa.CheckConstraint("per_day >= 0", name=op.f("plans_per_day_not_negative_check")),
        sa.CheckConstraint("waiting between 0 and 1000000", name=op.f("plans_waiting_range_check")),
        sa.CheckConstraint("credits_per_job >= 0", name=op.f("plans_credits_per_job_not_negative_check")),
        sa.PrimaryKeyConstraint("tier", name=op.f("plans_pkey")),
        sa.UniqueConstraint("name", name=op.f("plans_name_key")),
        schema="pgqueue",
    )
    op.execute(PLANS)
    op.create_table(
        "accounts",
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("tier", sa.SmallInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("concurrent", sa.Integer(), nullable=True),
        sa.Column("per_day", sa.Integer(), nullable=True),
        sa.Column("waiting", sa.Integer(), nullable=True),
        sa.Column("available", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("held", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint("concurrent between 1 and 10000", name=op.f("accounts_concurrent_range_check")),
        sa.CheckConstraint("per_day >= 0", name=op.f("accounts_per_day_not_negative_check")),
        sa.CheckConstraint("waiting between 0 and 1000000", name=op.f("accounts_waiting_range_check")),
        sa.CheckConstraint("available >= 0 and held >= 0", name=op.f("accounts_credits_not_negative_check")),
        sa.ForeignKeyConstraint(["tier"], ["pgqueue.plans.tier"], name=op.f("accounts_tier_fkey")),
        sa.PrimaryKeyConstraint("user_id", name=op.f("accounts_pkey")),
        schema="pgqueue",
        postgresql_with={"fillfactor": "70"},
    )
    op.create_table(
        "ledger",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("entry", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.CheckConstraint("entry in ('granted', 'held', 'taken', 'returned')", name=op.f("ledger_entry_known_check")),
        sa.CheckConstraint("(entry = 'granted') = (job_id is null)", name=op.f("ledger_job_of_entry_check")),
        sa.CheckConstraint("entry = 'granted' or amount > 0", name=op.f("ledger_amount_positive_check")),
        sa.ForeignKeyConstraint(["user_id"], ["pgqueue.accounts.user_id"], name=op.f("ledger_user_id_fkey")),
        sa.PrimaryKeyConstraint("id", name=op.f("ledger_pkey")),
        schema="pgqueue",
    )
    op.create_index("ledger_user_idx", "ledger", ["user_id", "id"], schema="pgqueue")
    # One hold and one end a job: what is doubled anywhere else fails here.
    op.create_index(
        "ledger_hold_key",
        "ledger",
        ["job_id"],
        unique=True,
        schema="pgqueue",
        postgresql_where=sa.text("entry = 'held'"),
    )
    op.create_index(
        "ledger_end_key",
        "ledger",
        ["job_id"],
        unique=True,
        schema="pgqueue",
        postgresql_where=sa.text("entry in ('taken', 'returned')"),
    )
    op.execute(
        "insert into pgqueue.accounts (user_id, tier)"
        " select id, case plan when 'pro' then 2 when 'basic' then 1 else 0 end from api.users"
    )
    op.drop_column("users", "plan", schema="api")

    op.add_column(
        "queues",
        sa.Column("max_waiting", sa.Integer(), server_default=sa.text("100000"), nullable=True),
        schema="pgqueue",
    )
    op.add_column(
        "queues", sa.Column("waiting", sa.Integer(), server_default=sa.text("0"), nullable=False), schema="pgqueue"
    )
    op.add_column(
        "queues",
        sa.Column("counted_at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        schema="pgqueue",
    )
    op.add_column("queues", sa.Column("max_running", sa.Integer(), nullable=True), schema="pgqueue")
    op.add_column("queues", sa.Column("starts", sa.Integer(), nullable=True), schema="pgqueue")
    op.add_column("queues", sa.Column("per_seconds", sa.REAL(), nullable=True), schema="pgqueue")
    op.add_column(
        "queues",
        sa.Column(
            "recent_starts", sa.ARRAY(sa.DateTime(timezone=True)), server_default=sa.text("'{}'"), nullable=False
        ),
        schema="pgqueue",
    )

    op.add_column(
        "jobs", sa.Column("limited", sa.Boolean(), server_default=sa.text("false"), nullable=False), schema="pgqueue"
    )
    op.add_column(
        "jobs", sa.Column("credits", sa.BigInteger(), server_default=sa.text("0"), nullable=False), schema="pgqueue"
    )
    op.drop_constraint("jobs_state_known_check", "jobs", schema="pgqueue")
    op.create_check_constraint(
        op.f("jobs_state_known_check"),
        "jobs",
        "state in ('scheduled', 'held', 'ready', 'processing', 'completed', 'failed', 'cancelled')",
        schema="pgqueue",
    )
    op.create_index(
        "jobs_lane_idx",
        "jobs",
        ["queue", "user_id", "state", "rank", "turn", "id"],
        schema="pgqueue",
        postgresql_where=sa.text("limited and state in ('held', 'ready')"),
    )

    # What may be lifted; a lifted job leaves it.
    op.create_index(
        "jobs_age_idx",
        "jobs",
        ["queue", "run_at"],
        schema="pgqueue",
        postgresql_where=sa.text("state in ('held', 'ready') and rank > 0"),
    )

    op.drop_table("lanes", schema="pgqueue")
    op.create_table(
        "lanes",
        sa.Column("queue", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Uuid(), nullable=False),
        sa.Column("slots", sa.Integer(), nullable=True),
        sa.Column("excess", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("used", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("parked", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("today", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("last_turns", sa.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False),
        sa.CheckConstraint(
            "used >= 0 and parked >= 0 and today >= 0 and excess >= 0", name=op.f("lanes_counts_not_negative_check")
        ),
        sa.CheckConstraint("used <= slots + excess", name=op.f("lanes_limit_check")),
        sa.PrimaryKeyConstraint("queue", "user_id", name=op.f("lanes_pkey")),
        schema="pgqueue",
        postgresql_with={"fillfactor": "50"},
    )
    for function in (
        ENSURE_QUEUE,
        GIVE_WAY,
        RESERVE_BATCH,
        ADMIT,
        SETTLE,
        JOBS_MOVED,
        JOBS_MOVED_TRIGGER,
        LIMITS_CHANGED,
        LIMITS_CHANGED_TRIGGERS,
        LIFT,
        TRY_ENQUEUE,
        TRY_CANCEL,
        CHECK_INVARIANTS,
    ):
        op.execute(function)


def downgrade() -> None:
    for name in (
        "reserve_batch",
        "give_way",
        "check_invariants",
        "try_cancel",
        "try_enqueue",
        "lift",
        "limits_changed",
        "jobs_moved",
        "settle",
        "admit",
        "ensure_queue",
    ):
        op.execute(f"drop function pgqueue.{name} cascade")
    op.drop_table("lanes", schema="pgqueue")
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
    op.drop_index("jobs_age_idx", table_name="jobs", schema="pgqueue")
    op.drop_index("jobs_lane_idx", table_name="jobs", schema="pgqueue")
    op.execute("update pgqueue.jobs set state = 'ready' where state = 'held'")
    op.drop_constraint("jobs_state_known_check", "jobs", schema="pgqueue")
    op.create_check_constraint(
        op.f("jobs_state_known_check"),
        "jobs",
        "state in ('scheduled', 'ready', 'processing', 'completed', 'failed', 'cancelled')",
        schema="pgqueue",
    )
    for column in ("limited", "credits"):
        op.drop_column("jobs", column, schema="pgqueue")
    for column in ("max_waiting", "waiting", "counted_at", "max_running", "starts", "per_seconds", "recent_starts"):
        op.drop_column("queues", column, schema="pgqueue")
    op.add_column("users", sa.Column("plan", sa.Text(), server_default=sa.text("'free'"), nullable=False), schema="api")
    op.create_check_constraint(
        op.f("users_plan_known_check"), "users", "plan in ('free', 'basic', 'pro')", schema="api"
    )
    op.execute(
        "update api.users set plan = plans.name from pgqueue.accounts join pgqueue.plans using (tier)"
        " where accounts.user_id = users.id"
    )
    op.drop_table("ledger", schema="pgqueue")
    op.drop_table("accounts", schema="pgqueue")
    op.drop_table("plans", schema="pgqueue")
