-- processing -> ready (or failed at the crash limit, or cancelled if that was asked), when the worker's lease has lapsed.
-- An orphan is known by its worker: one that this statement declares dead, or one already stopped or unknown. Its process
-- may still compute; but a stopped worker never comes back under its id, so what it writes about the run is refused. A
-- renewal in flight holds the worker's row. A user whose lane is locked, by a caller who enqueued in a transaction and
-- leaves it open, is passed over until the next sweep. job_ids: those alone; null, all.
with dead as (
  update pgqueue.workers
     set stopped_at = clock_timestamp()
   where id = any(array(
         select id
           from pgqueue.workers
          where stopped_at is null
            and lease_expires_at <= clock_timestamp()
            for update skip locked))
  returning id
),
living as materialized (
  select id from pgqueue.workers where stopped_at is null and id not in (select id from dead)
),
gaps as materialized (
  select coalesce(lag(id) over (order by id), '00000000-0000-0000-0000-000000000000') as above, id as below
    from (select id from living
          union all
          select 'ffffffff-ffff-ffff-ffff-ffffffffffff') as bounds
),
orphans as materialized (
  select job.id, job.worker_id, job.queue, job.user_id, job.limited
    from gaps
   cross join lateral (
         select id, worker_id, queue, user_id, limited
           from pgqueue.jobs
          where state = 'processing'
            and worker_id > gaps.above
            and worker_id < gaps.below
            and (%(job_ids)s::uuid[] is null or id = any(%(job_ids)s::uuid[]))
            for update skip locked) as job
),
free as materialized (
  select queue, user_id
    from pgqueue.lanes
   where (queue, user_id) in (select queue, user_id from orphans where limited)
     for update skip locked
),
rescued as (
  update pgqueue.jobs as job
     set state = case when job.cancel_requested_at is not null then 'cancelled'
                      when job.crashes + 1 >= %(crash_limit)s then 'failed'
                      else 'ready' end,
         worker_id = null,
         crashes = job.crashes + 1,
         seq = job.seq + 1,
         finished_at = case when job.cancel_requested_at is not null or job.crashes + 1 >= %(crash_limit)s
                            then clock_timestamp() end,
         error = case when job.cancel_requested_at is not null then null else %(error)s::jsonb end,
         updated_at = clock_timestamp()
    from orphans
   where job.id = orphans.id
     and (not orphans.limited or (orphans.queue, orphans.user_id) in (select queue, user_id from free))
  returning job.id, job.attempt, job.started_at, job.queue, job.state, orphans.worker_id
),
recorded as (
  insert into pgqueue.attempts (job_id, attempt, worker_id, started_at, finished_at, outcome, error)
  select id, attempt, worker_id, started_at, clock_timestamp(),
         case when state = 'cancelled' then 'cancelled' else 'crashed' end, %(error)s::jsonb
    from rescued
)
select id, attempt, queue, state, worker_id from rescued
