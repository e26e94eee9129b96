-- A job's life in order: its states, its runs, and who asked for what. It may be told of a job that was deleted.
select at, event, attempt, worker_id, actor, reason
  from pgqueue.job_history
 where job_id = %(job_id)s
 order by at, place, attempt
 limit %(limit)s
