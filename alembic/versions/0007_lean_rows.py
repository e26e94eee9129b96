"""What a short job costs: lanes counted and filled a batch at a time, no row and no check that nobody needs.

Nobody makes a job ready below its rank's floor, so that claims may start there instead of at the head of their index.
"""

from alembic import context, op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

# What a lane counts of a job: a slot while it is ready or running, a place in the line while it is held or scheduled.
# A trigger keeps the counts, so whoever changes a job's state, by whatever statement, keeps the limit.
# It runs after every claim and every ending, so it plans nothing anew: what it reads itself is only the rows that
# changed, summed up without a join (a join that was planned for two rows would take hours over a million). What reaches
# into tables has its own functions, planned each time: a plan made while a table was empty must not stay.
JOBS_MOVED = """
create or replace function pgqueue.jobs_moved() returns trigger
language plpgsql
set search_path = pg_catalog
set plan_cache_mode = auto
as $$
declare
  line record;
  given_back record;
  is_paid boolean;
  is_unstarted boolean;
  below uuid[];
begin
  -- Claims change no count and touch no lane.
  if not exists (select from now_jobs where state <> 'processing')
     and not exists (select from was_jobs where state <> 'ready') then
    return null;
  end if;

  for line in
    select queue, array_agg(user_id order by user_id) as user_ids, array_agg(used order by user_id) as used,
           array_agg(parked order by user_id) as parked
      from (select queue, user_id, sum(used)::int as used, sum(parked)::int as parked
              from (select queue, user_id, (state in ('ready', 'processing'))::int as used,
                           (state in ('held', 'scheduled'))::int as parked, (state = 'held')::int as held
                      from now_jobs where limited
                    union all
                    select queue, user_id, -(state in ('ready', 'processing'))::int,
                           -(state in ('held', 'scheduled'))::int, -(state = 'held')::int
                      from was_jobs where limited) as moved
             group by queue, user_id
            having sum(used) <> 0 or sum(parked) <> 0 or sum(held) <> 0) as lanes
     group by queue
     order by queue
  loop
    perform pgqueue.lanes_moved(line.queue, line.user_ids, line.used, line.parked);
  end loop;

  select bool_or(credits > 0 and finished_at is not null), bool_or(limited and state = 'cancelled' and attempt = 0),
         array_agg(id) filter (where state = 'ready'
                                 and turn < (select floor from pgqueue.turns
                                              where turns.queue = now_jobs.queue and turns.rank = now_jobs.rank))
    into is_paid, is_unstarted, below
    from now_jobs;
  if is_unstarted then
    for given_back in
      select queue, user_id, day, sum(jobs)::int as jobs
        from (select queue, user_id, (created_at at time zone 'UTC')::date as day, 1 as jobs
                from now_jobs where limited and state = 'cancelled' and attempt = 0
              union all
              select queue, user_id, (created_at at time zone 'UTC')::date, -1
                from was_jobs where limited and state = 'cancelled' and attempt = 0) as unstarted
       group by queue, user_id, day
      having sum(jobs) <> 0
    loop
      perform pgqueue.give_back_day(given_back.queue, given_back.user_id, given_back.day, given_back.jobs);
    end loop;
  end if;
  if below is not null then
    perform pgqueue.raise_turns(below);
  end if;
  if is_paid then
    perform pgqueue.settle(array(select id from now_jobs where credits > 0 and finished_at is not null
                                 except
                                 select id from was_jobs where credits > 0 and finished_at is not null));
  end if;
  return null;
end
$$
"""

# All lanes of a statement are locked first, in one order; every query after that sees what was committed before, so a
# job enqueued as held while it waited for the lane's row is not left behind a free slot.
LANES_MOVED = """
create function pgqueue.lanes_moved(in_queue text, in_user_ids uuid[], in_used int[], in_parked int[]) returns void
language plpgsql
set search_path = pg_catalog
set plan_cache_mode = force_custom_plan
as $$
begin
  perform from pgqueue.lanes
    where queue = in_queue and user_id = any(in_user_ids)
    order by user_id
      for update;
  update pgqueue.lanes
     set used = lanes.used + moved.used,
         parked = lanes.parked + moved.parked,
         excess = case when lanes.slots is null then 0
                       else least(lanes.excess, greatest(0, lanes.used + moved.used - lanes.slots)) end
    from unnest(in_user_ids, in_used, in_parked) as moved (user_id, used, parked)
   where lanes.queue = in_queue
     and lanes.user_id = moved.user_id
     and lanes.user_id = any(in_user_ids);
  perform pgqueue.admit(in_queue, in_user_ids);
end
$$
"""

# Jobs cancelled before they started do not count for their day. The lane's row is locked already.
GIVE_BACK_DAY = """
create function pgqueue.give_back_day(in_queue text, in_user_id uuid, in_day date, in_jobs int) returns void
language sql
set search_path = pg_catalog
as $$
  update pgqueue.lanes
     set today = greatest(0, today - in_jobs)
   where queue = in_queue and user_id = in_user_id and day = in_day
$$
"""

# A retry, a rescued or a lifted job comes with the turn of long ago. Claims start at the floor of a moment ago.
RAISE_TURNS = """
create function pgqueue.raise_turns(in_job_ids uuid[]) returns void
language sql
set search_path = pg_catalog
set plan_cache_mode = force_custom_plan
as $$
  update pgqueue.jobs
     set turn = greatest(turn, (select floor from pgqueue.turns
                                 where turns.queue = jobs.queue and turns.rank = jobs.rank))
   where id = any(in_job_ids)
$$
"""

# The caller holds the lanes' rows. Best held jobs first; who comes to a rank joins at its floor, not at the turns that
# others have used up. A held job that someone else is changing is passed over: he will be here next.
ADMIT_MANY = """
create function pgqueue.admit(in_queue text, in_user_ids uuid[]) returns void
language plpgsql
set search_path = pg_catalog
set plan_cache_mode = force_custom_plan
as $$
begin
  update pgqueue.jobs
     set state = 'ready',
         updated_at = clock_timestamp(),
         turn = greatest(turn, (select floor from pgqueue.turns
                                 where turns.queue = in_queue and turns.rank = jobs.rank))
   where id = any(array(
         select best.id
           from pgqueue.lanes
          cross join lateral (select id
                                from pgqueue.jobs
                               where queue = in_queue
                                 and user_id = lanes.user_id
                                 and limited
                                 and state = 'held'
                               order by rank, turn, id
                               limit coalesce(lanes.slots, 10000) - lanes.used
                                 for update skip locked) as best
          where lanes.queue = in_queue
            and lanes.user_id = any(in_user_ids)
            and lanes.parked > 0
            and lanes.used < coalesce(lanes.slots, 10000)));
end
$$
"""

ADMIT = """
create or replace function pgqueue.admit(in_queue text, in_user_id uuid) returns void
language sql
set search_path = pg_catalog
as $$
  select pgqueue.admit(in_queue, array[in_user_id])
$$
"""

# Progress, results and attempts are written beside their job's locked row and leave with it. Foreign keys would look
# for that row again, one row and one lock at a time: a sixth of what Postgres does for a job that does nothing. As
# their owner, for that is how a cascade ran: who may delete a job need not be allowed more.
JOBS_REMOVED = """
create function pgqueue.jobs_removed() returns trigger
language plpgsql
security definer
set search_path = pg_catalog
set plan_cache_mode = force_custom_plan
as $$
declare
  ids constant uuid[] := array(select id from was_jobs);
begin
  delete from pgqueue.progress where job_id = any(ids);
  delete from pgqueue.results where job_id = any(ids);
  delete from pgqueue.attempts where job_id = any(ids);
  return null;
end
$$
"""

JOBS_REMOVED_TRIGGER = """
create trigger jobs_removed
after delete on pgqueue.jobs
referencing old table as was_jobs
for each statement execute function pgqueue.jobs_removed()
"""

# Two thirds of an enqueue went into planning its statements anew. Each finds one row by all of a key, so a plan may be
# kept; one that was made while the tables were empty must not read them whole later on.
KEEP_PLANS = """
alter function pgqueue.{function} set plan_cache_mode = auto;
alter function pgqueue.{function} set enable_seqscan = off;
"""
PLAN_ANEW = """
alter function pgqueue.{function} set plan_cache_mode = force_custom_plan;
alter function pgqueue.{function} reset enable_seqscan;
"""
ENQUEUEING = ("try_enqueue", "reserve_batch", "give_way")

# What must hold at any moment. Entries of the ledger are gathered once: looked for job by job, without an index of
# theirs, 20,000 paid jobs took over a minute.
CHECK_INVARIANTS = """
create or replace function pgqueue.check_invariants() returns table (problem text, detail text)
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
    left join (select job_id, array_agg(entry order by id) as all
                 from pgqueue.ledger where job_id is not null group by job_id) as entries on entries.job_id = jobs.id
   where jobs.credits > 0
     and entries.all is distinct from case when jobs.finished_at is null then array['held']
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

FOLLOWERS = ("progress", "results", "attempts")


def upgrade() -> None:
    op.execute(ADMIT_MANY)
    op.execute(ADMIT)
    for function in (LANES_MOVED, GIVE_BACK_DAY, RAISE_TURNS, JOBS_MOVED):
        op.execute(function)
    op.execute(CHECK_INVARIANTS)
    op.execute(JOBS_REMOVED)
    op.execute(JOBS_REMOVED_TRIGGER)
    for function in ENQUEUEING:
        op.execute(KEEP_PLANS.format(function=function))
    op.execute(
        "revoke all on function pgqueue.admit(text, uuid[]), pgqueue.jobs_removed(), pgqueue.lanes_moved,"
        " pgqueue.give_back_day, pgqueue.raise_turns from public"
    )
    for table in FOLLOWERS:
        op.drop_constraint(f"{table}_job_id_fkey", table, schema="pgqueue", type_="foreignkey")


def downgrade() -> None:
    for table in FOLLOWERS:
        op.create_foreign_key(
            f"{table}_job_id_fkey",
            table,
            "jobs",
            ["job_id"],
            ["id"],
            source_schema="pgqueue",
            referent_schema="pgqueue",
            ondelete="CASCADE",
        )
    for function in ENQUEUEING:
        op.execute(PLAN_ANEW.format(function=function))
    op.execute("drop function pgqueue.jobs_removed() cascade")
    before = context.script.get_revision("0005").module
    for function in (before.JOBS_MOVED, before.ADMIT, before.CHECK_INVARIANTS):
        op.execute(function.replace("create function", "create or replace function"))
    op.execute(
        "drop function pgqueue.admit(text, uuid[]), pgqueue.lanes_moved, pgqueue.give_back_day, pgqueue.raise_turns"
    )
