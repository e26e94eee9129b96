-- waiting -> cancelled at once; processing -> asked to stop; of many, in one transaction. All are locked first, in order,
-- and one that somebody else is changing is passed over: whoever holds a job may wait for its lane, which we come to hold.
-- The actor is named first, see cancel.
with acting as materialized (
  select set_config('pgqueue.actor', %(actor)s::text, true) as actor
),
chosen as materialized (
  select id, state
    from pgqueue.jobs
   where id = any(%(job_ids)s::uuid[])
     and finished_at is null
     and cancel_requested_at is null
   order by id
     for update skip locked
),
changed as (
  update pgqueue.jobs
     set state = case when jobs.state = 'processing' then jobs.state else 'cancelled' end,
         finished_at = case when jobs.state = 'processing' then null else clock_timestamp() end,
         error = case when jobs.state = 'processing' then error end,
         cancel_requested_at = clock_timestamp(),
         seq = seq + 1,
         updated_at = clock_timestamp()
    from chosen
   where jobs.id = chosen.id
  returning jobs.id, jobs.queue, jobs.limited, chosen.state
)
select id, queue, limited, state = 'processing' as is_running,
       pgqueue.record_event(case when acting.actor is null then null
                                 when state = 'processing' then 'cancel_asked' else 'cancelled' end,
                            case when state <> 'processing' then 'while ' || state end, id) as recorded
  from changed
 cross join acting
