"""Nobody waits for one user's lane: lifting jobs that have waited too long passes over a user whose lane is locked."""

from alembic import context, op

revision = "0016"
down_revision = "0014"
branch_labels = None
depends_on = None

# A lane is locked for as long as a caller who enqueued in a transaction of his own leaves that open. His user's lifted
# jobs stay held until his lane moves, and then they are the first that it admits.
LIFT = """
create or replace function pgqueue.lift(in_queue text, in_max_wait_seconds float8) returns int
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
         for update skip locked
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


def upgrade() -> None:
    op.execute(LIFT)


def downgrade() -> None:
    before: str = context.script.get_revision("0005").module.LIFT
    op.execute(before.replace("create function", "create or replace function"))
