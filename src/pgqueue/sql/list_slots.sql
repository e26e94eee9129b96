-- What live workers run now: one row for each busy slot.
select jobs.worker_id, jobs.id, jobs.kind, jobs.user_id, jobs.attempt, jobs.started_at,
       case when progress.attempt = jobs.attempt then progress.percent else 0 end::int as percent,
       case when progress.attempt = jobs.attempt then progress.step end as step
  from pgqueue.jobs
  left join pgqueue.progress on progress.job_id = jobs.id
 where jobs.state = 'processing'
 order by jobs.worker_id, jobs.started_at
 limit 10000
