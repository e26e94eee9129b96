-- waiting -> cancelled at once; processing -> asked to stop, its worker ends it. Any other state is left as it is.
with target as materialized (
  select id, state, queue, cancel_requested_at
    from pgqueue.jobs
   where id = %(job_id)s
     and (%(user_id)s::uuid is null or user_id = %(user_id)s)
     for update
),
changed as (
  update pgqueue.jobs as job
     set state = case when target.state = 'processing' then 'processing' else 'cancelled' end,
         finished_at = case when target.state <> 'processing' then clock_timestamp() end,
         error = case when target.state = 'processing' then job.error end,
         cancel_requested_at = clock_timestamp(),
         seq = job.seq + 1,
         updated_at = clock_timestamp()
    from target
   where job.id = target.id
     and target.state in ('scheduled', 'held', 'ready', 'processing')
     and target.cancel_requested_at is null
)
select state, cancel_requested_at is not null as asked_before from target
