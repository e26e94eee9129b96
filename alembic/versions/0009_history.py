"""A job's whole life: snoozes, events that tell who asked; priorities that change, jobs deleted, details pruned."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0007"
branch_labels = None
depends_on = None

NOW = sa.text("clock_timestamp()")
OUTCOMES = "'completed', 'failed', 'crashed', 'released', 'cancelled'"

# Who acts says so in the setting pgqueue.actor, for a transaction or a session; else it is whoever is logged in. As its
# owner, so that a role may add to the history and not change it.
RECORD_EVENT = """
create function pgqueue.record_event(
  in_event text, in_reason text default null, in_job_id uuid default null, in_queue text default null,
  in_user_id uuid default null)
returns void
language sql
security definer
set search_path = pg_catalog
as $$
  insert into pgqueue.events (event, actor, reason, job_id, queue, user_id)
  values (in_event, left(coalesce(nullif(current_setting('pgqueue.actor', true), ''), session_user), 255),
          left(in_reason, 1000), in_job_id, in_queue, in_user_id)
$$
"""

# Arguments: the event's name, then the columns whose change it tells.
RECORD_CHANGE = """
create function pgqueue.record_change() returns trigger
language plpgsql
security definer
set search_path = pg_catalog
as $$
declare
  was constant jsonb := to_jsonb(old);
  now constant jsonb := to_jsonb(new);
  changes text;
begin
  select string_agg(format('%s %s -> %s', given.name, coalesce(was ->> given.name, 'none'),
                           coalesce(now ->> given.name, 'none')), ', ' order by given.place)
    into changes
    from unnest(tg_argv[1:]) with ordinality as given (name, place)
   where was ->> given.name is distinct from now ->> given.name;
  if changes is not null then
    if tg_table_name = 'plans' then
      changes := (now ->> 'name') || ': ' || changes;
    end if;
    perform pgqueue.record_event(tg_argv[0], changes, null,
                                 case when tg_table_name = 'queues' then now ->> 'name' end,
                                 (now ->> 'user_id')::uuid);
  end if;
  return null;
end
$$
"""

# Only for the columns that people change: what enqueues, claims and counts write fires nothing.
RECORD_CHANGE_TRIGGERS = """
create trigger queue_changed
after update of paused, max_waiting, max_running, starts, per_seconds on pgqueue.queues
for each row execute function pgqueue.record_change(
  'queue_changed', 'paused', 'max_waiting', 'max_running', 'starts', 'per_seconds');
create trigger account_changed
after update of tier, concurrent, per_day, waiting on pgqueue.accounts
for each row execute function pgqueue.record_change('account_changed', 'tier', 'concurrent', 'per_day', 'waiting');
create trigger account_opened
after insert on pgqueue.accounts
for each row when (new.tier > 0 or new.concurrent is not null or new.per_day is not null or new.waiting is not null)
execute function pgqueue.record_change('account_changed', 'tier', 'concurrent', 'per_day', 'waiting');
create trigger plan_changed
after update of concurrent, per_day, waiting, credits_per_job on pgqueue.plans
for each row execute function pgqueue.record_change(
  'plan_changed', 'concurrent', 'per_day', 'waiting', 'credits_per_job');
create trigger credits_granted
after insert on pgqueue.ledger
for each row when (new.entry = 'granted')
execute function pgqueue.record_change('credits_granted', 'amount', 'note')
"""

# One statement would decide on the row as it was before it waited for its lock.
TRY_CANCEL = """
create or replace function pgqueue.try_cancel(
  in_job_id uuid, in_user_id uuid, out state text, out asked_before boolean)
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
    perform pgqueue.record_event('cancelled', 'while ' || state, in_job_id);
  elsif state = 'processing' and not asked_before then
    update pgqueue.jobs
       set cancel_requested_at = clock_timestamp(), seq = seq + 1, updated_at = clock_timestamp()
     where id = in_job_id;
    perform pgqueue.record_event('cancel_asked', null, in_job_id);
  end if;
end
$$
"""

REQUEUE = """
create or replace function pgqueue.requeue(job_id uuid) returns uuid
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
  perform pgqueue.record_event('requeued', 'as job ' || answer.job_id, job.id);
  return answer.job_id;
end
$$
"""

# A waiting job joins the line of its new rank at the end of its user's turns there, as a new job would. One that has a
# lane and is ready is parked for a moment: the lane then admits the user's best job, which may be another now. A lifted
# job stays lifted.
SET_PRIORITY = """
create function pgqueue.set_priority(job_id uuid, priority int, user_id uuid default null) returns void
language plpgsql
set search_path = pg_catalog
set plan_cache_mode = force_custom_plan
as $$
declare
  job pgqueue.jobs;
  new_rank smallint;
  new_turn bigint;
begin
  select * into job from pgqueue.jobs
   where id = set_priority.job_id and (set_priority.user_id is null or jobs.user_id = set_priority.user_id)
     for update;
  if not found then
    raise exception 'job %: not found', set_priority.job_id using errcode = 'no_data_found';
  elsif job.state not in ('scheduled', 'held', 'ready') then
    raise exception 'job %: cannot change the priority of a job that is %', job.id, job.state
      using errcode = 'object_not_in_prerequisite_state', detail = job.state;
  elsif job.priority = set_priority.priority then
    return;
  end if;
  new_rank := case when job.rank = 0 then 0 else (2 - job.tier) * 10 + 11 - set_priority.priority end;
  new_turn := job.turn;
  if new_rank > 0 then
    select coalesce(max(floor), 0) + 1 into new_turn
      from pgqueue.turns where turns.queue = job.queue and turns.rank = new_rank;
    if job.limited then
      select greatest(new_turn, coalesce(last_turns[new_rank], 0) + 1) into new_turn
        from pgqueue.lanes where lanes.queue = job.queue and lanes.user_id = job.user_id
         for update;
      update pgqueue.lanes set last_turns[new_rank] = new_turn
       where lanes.queue = job.queue and lanes.user_id = job.user_id;
    end if;
  end if;
  update pgqueue.jobs
     set priority = set_priority.priority, rank = new_rank, turn = new_turn,
         state = case when limited and state = 'ready' then 'held' else state end,
         seq = seq + 1, updated_at = clock_timestamp()
   where id = job.id;
  if job.state = 'held' then
    perform pgqueue.give_way(job.queue, job.user_id, new_rank, 1);
  end if;
  perform pgqueue.record_event('priority_changed', format('%s -> %s', job.priority, set_priority.priority), job.id);
end
$$
"""

DELETE_JOB = """
create function pgqueue.delete_job(job_id uuid, user_id uuid default null) returns void
language plpgsql
set search_path = pg_catalog
as $$
declare
  job pgqueue.jobs;
begin
  select * into job from pgqueue.jobs
   where id = delete_job.job_id and (delete_job.user_id is null or jobs.user_id = delete_job.user_id)
     for update;
  if not found then
    raise exception 'job %: not found', delete_job.job_id using errcode = 'no_data_found';
  elsif job.finished_at is null then
    raise exception 'job %: cannot delete a job that is %', job.id, job.state
      using errcode = 'object_not_in_prerequisite_state', detail = job.state;
  end if;
  delete from pgqueue.jobs where id = job.id;
  perform pgqueue.record_event('deleted', 'it was ' || job.state, job.id, job.queue);
end
$$
"""

# Each queue remembers how far it was cleared, so that no job is looked at twice: neither an index nor a flag is kept
# for it, and finishing a job costs nothing more. What is needed to know how a job ended stays with the job: the
# summary and preview of its result, its last attempt.
PRUNE_DETAILS = """
create function pgqueue.prune_details(keep interval default '30 days', at_most int default 1000) returns int
language plpgsql
set search_path = pg_catalog
as $$
declare
  whole record;
  batch record;
  pruned int := 0;
begin
  for whole in select name, details_pruned_to from pgqueue.queues order by name for update skip locked loop
    select array_agg(id) as ids, max(finished_at) as newest into batch
      from (select id, finished_at from pgqueue.jobs
             where queue = whole.name
               and finished_at is not null
               and finished_at > whole.details_pruned_to
               and finished_at < clock_timestamp() - keep
             order by finished_at
             fetch first (at_most) rows with ties) as oldest;
    continue when batch.ids is null;
    update pgqueue.results set detail = '' where job_id = any(batch.ids) and detail <> '';
    update pgqueue.queues set details_pruned_to = batch.newest where name = whole.name;
    pruned := pruned + cardinality(batch.ids);
  end loop;
  return pruned;
end
$$
"""

PRUNE_ATTEMPTS = """
create function pgqueue.prune_attempts(keep interval default '30 days', at_most int default 1000) returns int
language plpgsql
set search_path = pg_catalog
as $$
declare
  whole record;
  batch record;
  pruned int := 0;
begin
  for whole in select name, attempts_pruned_to from pgqueue.queues order by name for update skip locked loop
    select array_agg(id) as ids, max(finished_at) as newest into batch
      from (select id, finished_at from pgqueue.jobs
             where queue = whole.name
               and finished_at is not null
               and finished_at > whole.attempts_pruned_to
               and finished_at < clock_timestamp() - keep
             order by finished_at
             fetch first (at_most) rows with ties) as oldest;
    continue when batch.ids is null;
    delete from pgqueue.attempts using pgqueue.jobs
     where attempts.job_id = any(batch.ids)
       and jobs.id = attempts.job_id
       and attempts.attempt < jobs.attempt;
    update pgqueue.queues set attempts_pruned_to = batch.newest where name = whole.name;
    pruned := pruned + cardinality(batch.ids);
  end loop;
  return pruned;
end
$$
"""

# By id, which grows with time.
PRUNE_EVENTS = """
create function pgqueue.prune_events(keep interval default '365 days', at_most int default 1000) returns int
language plpgsql
set search_path = pg_catalog
as $$
declare
  pruned int;
begin
  delete from pgqueue.events
   where id = any(array(select id from (select id, at from pgqueue.events order by id limit at_most) as oldest
                         where at < clock_timestamp() - keep));
  get diagnostics pruned = row_count;
  return pruned;
end
$$
"""

# Running jobs are asked to stop; their workers hear of it with the next renewal of their lease.
FORGET_USER = """
create or replace function pgqueue.forget_user(in_user_id uuid, out cancelled int, out removed int, out running int)
language plpgsql
set search_path = pg_catalog
as $$
begin
  update pgqueue.jobs
     set state = 'cancelled', finished_at = clock_timestamp(), cancel_requested_at = clock_timestamp(), seq = seq + 1,
         updated_at = clock_timestamp()
   where user_id = in_user_id and state in ('scheduled', 'held', 'ready');
  get diagnostics cancelled = row_count;
  delete from pgqueue.events using pgqueue.jobs
   where events.job_id = jobs.id and jobs.user_id = in_user_id and jobs.finished_at is not null;
  delete from pgqueue.jobs where user_id = in_user_id and finished_at is not null;
  get diagnostics removed = row_count;
  update pgqueue.jobs
     set cancel_requested_at = coalesce(cancel_requested_at, clock_timestamp()), seq = seq + 1,
         updated_at = clock_timestamp()
   where user_id = in_user_id and state = 'processing';
  get diagnostics running = row_count;
  perform pgqueue.record_event('user_forgotten', format('%s jobs removed, %s running', removed, running), null, null,
                               in_user_id);
end
$$
"""

# Snoozes are counted on the job and told by its attempts; the earlier attempts of an ended job may be pruned.
SNOOZE_INVARIANT = """
  union all
  select 'snoozes are not counted right', format('job %s: %s, in its attempts %s', jobs.id, jobs.snoozes, told.n)
    from pgqueue.jobs
   cross join lateral (select count(*) as n from pgqueue.attempts
                        where attempts.job_id = jobs.id and attempts.outcome = 'snoozed') as told
   where told.n > jobs.snoozes
      or (jobs.finished_at is null and told.n < jobs.snoozes)
$$
"""

# place: what comes first of two things at one moment.
JOB_HISTORY = """
create view pgqueue.job_history with (security_invoker = true) as
select id as job_id, created_at as at, 0 as place, 'enqueued' as event, null::int as attempt, null::uuid as worker_id,
       null::text as actor, 'again, after job ' || requeued_from as reason
  from pgqueue.jobs
union all
select id, started_at, 2, 'started', attempt, worker_id, null, null
  from pgqueue.jobs
 where state = 'processing'
union all
select job_id, started_at, 2, 'started', attempt, worker_id, null, null
  from pgqueue.attempts
union all
select job_id, finished_at, 3, 'run_' || outcome, attempt, worker_id, null, error ->> 'message'
  from pgqueue.attempts
union all
select id, greatest(finished_at, (select max(attempts.finished_at) from pgqueue.attempts where job_id = jobs.id)), 4,
       'ended', null, null, null, concat_ws(': ', state, error ->> 'message')
  from pgqueue.jobs
 where finished_at is not null
union all
select job_id, at, 1, event, null, null, actor, reason
  from pgqueue.events
 where job_id is not null
"""

CREATED = (
    RECORD_EVENT,
    RECORD_CHANGE,
    RECORD_CHANGE_TRIGGERS,
    TRY_CANCEL,
    REQUEUE,
    SET_PRIORITY,
    DELETE_JOB,
    PRUNE_DETAILS,
    PRUNE_ATTEMPTS,
    PRUNE_EVENTS,
    FORGET_USER,
    JOB_HISTORY,
)

REVOKE = """
revoke all on all tables in schema pgqueue from public;
revoke all on all functions in schema pgqueue from public
"""


def upgrade() -> None:
    op.add_column(
        "jobs", sa.Column("snoozes", sa.Integer(), server_default=sa.text("0"), nullable=False), schema="pgqueue"
    )
    _allow_outcomes(f"{OUTCOMES}, 'snoozed'")
    for column in ("details_pruned_to", "attempts_pruned_to"):
        op.add_column(
            "queues",
            sa.Column(column, sa.DateTime(timezone=True), server_default=sa.text("'-infinity'"), nullable=False),
            schema="pgqueue",
        )
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), server_default=NOW, nullable=False),
        sa.Column("job_id", sa.Uuid(), nullable=True),
        sa.Column("user_id", sa.Uuid(), nullable=True),
        sa.Column("queue", sa.Text(), nullable=True),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint("length(event) between 1 and 63", name=op.f("events_event_length_check")),
        sa.CheckConstraint("length(actor) between 1 and 255", name=op.f("events_actor_length_check")),
        sa.CheckConstraint("length(reason) <= 1000", name=op.f("events_reason_length_check")),
        sa.PrimaryKeyConstraint("id", name=op.f("events_pkey")),
        schema="pgqueue",
    )
    op.create_index(
        "events_job_idx", "events", ["job_id"], schema="pgqueue", postgresql_where=sa.text("job_id is not null")
    )
    for statement in CREATED:
        op.execute(statement)
    op.execute(_replaced("0007", "CHECK_INVARIANTS").rpartition("$$")[0] + SNOOZE_INVARIANT)
    op.execute(REVOKE)


def downgrade() -> None:
    op.execute("drop view pgqueue.job_history")
    for name in ("set_priority", "delete_job", "prune_details", "prune_attempts", "prune_events"):
        op.execute(f"drop function pgqueue.{name}")
    for revised, name in (
        ("0005", "TRY_CANCEL"),
        ("0006", "REQUEUE"),
        ("0006", "FORGET_USER"),
        ("0007", "CHECK_INVARIANTS"),
    ):
        op.execute(_replaced(revised, name))
    op.execute("drop function pgqueue.record_change cascade")
    op.execute("drop function pgqueue.record_event")
    op.drop_table("events", schema="pgqueue")
    for column in ("details_pruned_to", "attempts_pruned_to"):
        op.drop_column("queues", column, schema="pgqueue")
    op.execute("update pgqueue.attempts set outcome = 'released' where outcome = 'snoozed'")
    _allow_outcomes(OUTCOMES)
    op.drop_column("jobs", "snoozes", schema="pgqueue")


def _allow_outcomes(outcomes: str) -> None:
    op.drop_constraint("attempts_outcome_known_check", "attempts", schema="pgqueue")
    op.create_check_constraint(
        op.f("attempts_outcome_known_check"), "attempts", f"outcome in ({outcomes})", schema="pgqueue"
    )


def _replaced(revised: str, name: str) -> str:
    """A function's text as an earlier revision made it, to be put in place of the present one."""
    environment = op.get_context().environment_context
    assert environment is not None
    text: str = getattr(environment.script.get_revision(revised).module, name)
    return text.replace("create function", "create or replace function")
