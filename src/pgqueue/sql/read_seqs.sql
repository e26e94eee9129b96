-- The present seq of each job, as in read_jobs.sql.
select job.id, job.seq + coalesce(progress.seq, 0) as seq
  from pgqueue.jobs as job
  left join pgqueue.progress on progress.job_id = job.id
 where job.id = any(%(job_ids)s::uuid[])
