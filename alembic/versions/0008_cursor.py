"""Nobody makes a job ready below the floor, so that claims may start there instead of at the head of their index."""

from alembic import op

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None

# Runs after every claim and every ending, so it plans nothing anew: what it reads itself is only the rows that changed,
# summed up without a join (a join that was planned for two rows would take hours over a million). What reaches into
# tables has its own functions, planned each time: a plan made while a table was empty must not stay.
JOBS_MOVED = """
create or replace function pgqueue.jobs_moved() returns trigger
language plpgsql
set search_path = pg_catalog
as $$
declare
  lane record;
  is_paid boolean;
  below uuid[];
begin
  for lane in
    select queue, user_id, day, sum(used)::int as used, sum(parked)::int as parked, sum(unstarted)::int as unstarted
      from (select queue, user_id, (created_at at time zone 'UTC')::date as day,
                   (state in ('ready', 'processing'))::int as used, (state in ('held', 'scheduled'))::int as parked,
                   (state = 'held')::int as held, (state = 'cancelled' and attempt = 0)::int as unstarted
              from now_jobs where limited
            union all
            select queue, user_id, (created_at at time zone 'UTC')::date,
                   -(state in ('ready', 'processing'))::int, -(state in ('held', 'scheduled'))::int,
                   -(state = 'held')::int, -(state = 'cancelled' and attempt = 0)::int
              from was_jobs where limited) as moved
     group by queue, user_id, day
    having sum(used) <> 0 or sum(parked) <> 0 or sum(held) <> 0
     order by queue, user_id, day
  loop
    perform pgqueue.lane_moved(lane.queue, lane.user_id, lane.day, lane.used, lane.parked, lane.unstarted);
  end loop;

  select bool_or(credits > 0 and finished_at is not null),
         array_agg(id) filter (where state = 'ready'
                                 and turn < (select floor from pgqueue.turns
                                              where turns.queue = now_jobs.queue and turns.rank = now_jobs.rank))
    into is_paid, below
    from now_jobs;
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

LANE_MOVED = """
create function pgqueue.lane_moved(
  in_queue text, in_user_id uuid, in_day date, in_used int, in_parked int, in_unstarted int) returns void
language plpgsql
set search_path = pg_catalog
set plan_cache_mode = force_custom_plan
as $$
begin
  update pgqueue.lanes
     set used = used + in_used,
         parked = parked + in_parked,
         today = case when day = in_day then greatest(0, today - in_unstarted) else today end,
         excess = case when slots is null then 0 else least(excess, greatest(0, used + in_used - slots)) end
   where queue = in_queue
     and user_id = in_user_id;
  perform pgqueue.admit(in_queue, in_user_id);
end
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

# Lifted jobs too join at their rank's floor: those above all ranks come in the order in which they were lifted.
ADMIT = """
create or replace function pgqueue.admit(in_queue text, in_user_id uuid) returns void
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
           turn = greatest(turn, (select floor from pgqueue.turns
                                   where turns.queue = in_queue and turns.rank = jobs.rank))
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


def upgrade() -> None:
    for function in (LANE_MOVED, RAISE_TURNS, ADMIT, JOBS_MOVED):
        op.execute(function)
    op.execute("revoke all on function pgqueue.lane_moved, pgqueue.raise_turns from public")


def downgrade() -> None:
    environment = op.get_context().environment_context
    assert environment is not None
    before = environment.script.get_revision("0005").module
    for function in (before.JOBS_MOVED, before.ADMIT):
        op.execute(function.replace("create function", "create or replace function"))
    op.execute("drop function pgqueue.lane_moved, pgqueue.raise_turns")
