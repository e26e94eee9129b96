-- The latest progress of all jobs a worker runs, in one statement: one trigger call, one NOTIFY.
-- Fenced by the job's attempt and worker; an older attempt never writes over a newer one, percent never goes back.
-- A crash of Postgres may lose it, nothing else hangs on it: the commit does not wait for the disk.
with relaxed as materialized (
  select set_config('synchronous_commit', 'off', true)
)
update pgqueue.progress
   set seq = progress.seq + 1,
       attempt = given.attempt,
       percent = case when progress.attempt = given.attempt then greatest(progress.percent, given.percent) else given.percent end,
       step = given.step,
       remaining_seconds = given.remaining_seconds,
       updated_at = clock_timestamp()
  from relaxed,
       unnest(%(job_ids)s::uuid[], %(attempts)s::int[], %(percents)s::smallint[], %(steps)s::text[], %(remaining)s::real[])
         as given (job_id, attempt, percent, step, remaining_seconds)
  join pgqueue.jobs as job on job.id = given.job_id
 where progress.job_id = given.job_id
   and progress.attempt <= given.attempt
   and job.attempt = given.attempt
   and job.worker_id = %(worker_id)s
   and job.state = 'processing'
returning progress.job_id
