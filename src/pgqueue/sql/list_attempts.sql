-- A job's ended attempts, in order, each with its worker's host where that is still known.
select attempts.attempt, attempts.worker_id, workers.host, attempts.started_at, attempts.finished_at, attempts.outcome,
       attempts.error ->> 'type' as error_type, attempts.error ->> 'message' as error
  from pgqueue.attempts
  left join pgqueue.workers on workers.id = attempts.worker_id
 where attempts.job_id = %(job_id)s
 order by attempts.attempt
