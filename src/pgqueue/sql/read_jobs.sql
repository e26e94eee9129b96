-- What callers see of these jobs. seq is the sum of two counters that only grow, so any visible change raises it.
select job.id, job.queue, job.kind, job.user_id, job.state, job.priority, job.tier, job.attempt,
       job.seq + coalesce(progress.seq, 0) as seq,
       case when job.state = 'completed' then 100
            when job.state in ('scheduled', 'held', 'ready') or progress.attempt is distinct from job.attempt then 0
            else progress.percent end as percent,
       case when job.state = 'processing' and progress.attempt = job.attempt then progress.step end as step,
       case when job.state = 'processing' and progress.attempt = job.attempt then progress.remaining_seconds end
         as remaining_seconds,
       job.run_at, job.created_at, greatest(job.updated_at, progress.updated_at) as updated_at,
       job.started_at, job.finished_at, job.cancel_requested_at is not null as cancel_requested,
       job.error, result.summary, job.args, job.requeued_from, job.snoozes
  from pgqueue.jobs as job
  left join pgqueue.progress on progress.job_id = job.id
  left join pgqueue.results as result on result.job_id = job.id
 where job.id = any(%(job_ids)s::uuid[])
   and (%(user_id)s::uuid is null or job.user_id = %(user_id)s)
 order by job.id
