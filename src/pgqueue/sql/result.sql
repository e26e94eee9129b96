-- The result of a completed job.
select result.summary, result.preview, result.detail
  from pgqueue.results as result
  join pgqueue.jobs as job on job.id = result.job_id
 where job.id = %(job_id)s
   and (%(user_id)s::uuid is null or job.user_id = %(user_id)s)
