"""Nobody makes a job ready below the floor, so that claims may start there instead of at the head of their index."""

from alembic import op

revision = "0008"
down_revision = "0006"
branch_labels = None
depends_on = None

JOBS_MOVED = """
create or replace function pgqueue.jobs_moved() returns trigger
language plpgsql
set search_path = pg_catalog
set plan_cache_mode = force_custom_plan
as $$
declare
  lane record;
  is_paid boolean;
  is_below boolean;
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

  select bool_or(credits > 0 and finished_at is not null),
         bool_or(state = 'ready' and turn < (select floor from pgqueue.turns
                                              where turns.queue = now_jobs.queue and turns.rank = now_jobs.rank))
    into is_paid, is_below
    from now_jobs;
  if is_below then
    -- A retry, a rescued or a lifted job comes with the turn of long ago. Claims start at the floor of a moment ago.
    update pgqueue.jobs
       set turn = (select floor from pgqueue.turns where turns.queue = jobs.queue and turns.rank = jobs.rank)
     where id = any(array(select now_jobs.id
                            from now_jobs
                            join pgqueue.turns on turns.queue = now_jobs.queue and turns.rank = now_jobs.rank
                           where now_jobs.state = 'ready'
                             and now_jobs.turn < turns.floor));
  end if;
  if is_paid then
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
    op.execute(JOBS_MOVED)
    op.execute(ADMIT)


def downgrade() -> None:
    environment = op.get_context().environment_context
    assert environment is not None
    before = environment.script.get_revision("0005").module
    for function in (before.JOBS_MOVED, before.ADMIT):
        op.execute(function.replace("create function", "create or replace function"))
