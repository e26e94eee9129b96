-- The facts of a job that a new run of it repeats.
select queue, kind, user_id, priority, args, max_retries, state
  from pgqueue.jobs
 where id = %(job_id)s
   and (%(user_id)s::uuid is null or user_id = %(user_id)s)
