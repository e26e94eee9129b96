-- Jobs that were made from this one, oldest first.
select id
  from pgqueue.jobs
 where requeued_from = %(job_id)s
 order by id
 limit %(limit)s
