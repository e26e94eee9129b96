-- The jobs whose attempt has an end in the books as it was given, with their states now: where the answer to `finish` was
-- lost. An attempt is one worker's alone, so nobody else can have written it.
select job.id, job.state, job.limited
  from unnest(%(job_ids)s::uuid[], %(attempts)s::int[], %(outcomes)s::text[]) as given (job_id, attempt, outcome)
  join pgqueue.attempts as past on past.job_id = given.job_id and past.attempt = given.attempt
  join pgqueue.jobs as job on job.id = given.job_id
 where past.outcome in (given.outcome, 'cancelled')
