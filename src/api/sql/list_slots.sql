-- What live workers run now, in words people know: one row for each busy slot.
select jobs.worker_id, jobs.id, jobs.queue, jobs.kind, jobs.user_id, jobs.attempt, jobs.started_at,
       case when progress.attempt = jobs.attempt then progress.percent else 0 end::int as percent,
       case when progress.attempt = jobs.attempt then progress.step end as step,
       case when progress.attempt = jobs.attempt then progress.remaining_seconds end as remaining_seconds,
       jobs.args ->> 'symbol' as symbol,
       coalesce(jobs.args #>> '{strategy,name}',
                case when jsonb_typeof(jobs.args -> 'strategy') = 'string' then jobs.args ->> 'strategy' end)
         as strategy_name
  from pgqueue.jobs
  left join pgqueue.progress on progress.job_id = jobs.id
 where jobs.state = 'processing'
 order by jobs.worker_id, jobs.started_at
 limit 10000
