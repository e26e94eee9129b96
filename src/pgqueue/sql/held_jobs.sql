-- What the database says this worker runs: more than the worker knows of when the answer to a claim was lost.
select id, attempt
  from pgqueue.jobs
 where worker_id = %(worker_id)s
   and state = 'processing'
