-- processing -> completed, failed, cancelled, scheduled (retry, snooze) or ready (crash, release): the one way out of a
-- run.
-- The fence is the where clause of `decided`, on rows that are locked: an id that does not come back has lost its lease
-- and changed nothing.
-- Result, final state and attempt are one statement, hence one commit. A job asked to cancel never completes.
with patience as materialized (
  -- For the lane of a user who enqueued in a transaction that stays open: the ending is put off, others' go on.
  select set_config('lock_timeout', '1s', true)
),
given as materialized (
  select given.*
    from patience,
         unnest(%(job_ids)s::uuid[], %(attempts)s::int[], %(outcomes)s::text[], %(errors)s::text[], %(permanent)s::bool[],
                %(delays)s::float8[], %(summaries)s::text[], %(previews)s::bytea[], %(details)s::bytea[])
      as given (job_id, attempt, outcome, error, permanent, delay, summary, preview, detail)
),
locked as materialized (
  -- By id and nothing else: a test of the state here would lead over the index of running jobs and all that left it.
  select given.*, job.attempt as job_attempt, job.worker_id, job.state, job.cancel_requested_at, job.crashes,
         job.failures, job.snoozes, job.max_retries
    from given
    join pgqueue.jobs as job on job.id = given.job_id
   order by job.id
     for update of job
),
decided as materialized (
  select locked.*,
         case
           when cancel_requested_at is not null then 'cancelled'
           when outcome = 'completed' then 'completed'
           when outcome = 'cancelled' then 'cancelled'
           when outcome = 'released' then 'ready'
           when outcome = 'snoozed' and snoozes < %(snooze_limit)s then 'scheduled'
           when outcome = 'crashed' and crashes + 1 < %(crash_limit)s then 'ready'
           when outcome = 'failed' and not permanent and failures < max_retries then 'scheduled'
           else 'failed'
         end as next_state
    from locked
   where job_attempt = attempt
     and worker_id = %(worker_id)s
     and state = 'processing'
),
ended as (
  update pgqueue.jobs as job
     set state = decided.next_state,
         worker_id = null,
         seq = job.seq + 1,
         failures = job.failures + (decided.outcome = 'failed')::int,
         crashes = job.crashes + (decided.outcome = 'crashed')::int,
         snoozes = job.snoozes + (decided.outcome = 'snoozed')::int,
         run_at = case when decided.next_state = 'scheduled'
                       then clock_timestamp() + make_interval(secs => decided.delay) else job.run_at end,
         finished_at = case when decided.next_state in ('completed', 'failed', 'cancelled') then clock_timestamp() end,
         error = case when decided.next_state in ('completed', 'cancelled') then null
                      when decided.outcome = 'snoozed' and decided.next_state = 'scheduled' then job.error
                      when decided.outcome = 'snoozed' then %(snoozed_too_often)s::jsonb
                      else coalesce(decided.error::jsonb - 'traceback', job.error) end,
         updated_at = clock_timestamp()
    from decided
   where job.id = decided.job_id
  returning job.id, job.attempt, job.state, job.started_at, decided.outcome, decided.error,
            decided.summary, decided.preview, decided.detail, job.limited
),
recorded as (
  insert into pgqueue.attempts (job_id, attempt, worker_id, started_at, finished_at, outcome, error)
  select id, attempt, %(worker_id)s, started_at, clock_timestamp(),
         case when state = 'cancelled' then 'cancelled' else outcome end, error::jsonb
    from ended
),
stored as (
  insert into pgqueue.results (job_id, attempt, summary, preview, detail)
  select id, attempt, summary::jsonb, preview, detail
    from ended
   where state = 'completed'
)
select id, state, limited from ended
