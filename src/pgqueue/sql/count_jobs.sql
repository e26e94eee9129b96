-- Jobs by state and tier. Of each state at most so many are counted, by its own index: the states are written out so that
-- Postgres sees which (held jobs are always limited), and are in its order where it might think that reading the whole
-- table is as good. How many jobs there are in all is its own estimate.
with counted as (
  select 'scheduled' as state, tier
    from (select tier from pgqueue.jobs where state = 'scheduled' limit %(count_limit)s) as scheduled_jobs
   union all
  select 'held' as state, tier
    from (select tier from pgqueue.jobs where limited and state = 'held' limit %(count_limit)s) as held_jobs
   union all
  select 'ready' as state, tier
    from (select ready.tier
            from pgqueue.queues
           cross join lateral (select tier from pgqueue.jobs
                                where jobs.queue = queues.name and state = 'ready'
                                order by rank, turn, id
                                limit %(count_limit)s) as ready
           limit %(count_limit)s) as ready_jobs
   union all
  select 'processing' as state, tier
    from (select tier from pgqueue.jobs where state = 'processing' limit %(count_limit)s) as processing_jobs
   union all
  select 'failed' as state, tier
    from (select tier from pgqueue.jobs where state = 'failed' limit %(count_limit)s) as failed_jobs
   union all
  select 'cancelled' as state, tier
    from (select tier from pgqueue.jobs where state = 'cancelled' limit %(count_limit)s) as cancelled_jobs
   union all
  select 'completed' as state, tier
    from (select completed.tier
            from pgqueue.queues
           cross join lateral (select tier from pgqueue.jobs
                                where jobs.queue = queues.name and state = 'completed' and finished_at is not null
                                order by finished_at desc
                                limit %(count_limit)s) as completed
           limit %(count_limit)s) as completed_jobs
)
select state, tier, count(*)::int as jobs,
       (select greatest(reltuples, 0)::bigint from pg_class where oid = 'pgqueue.jobs'::regclass) as estimate
  from counted
 group by state, tier
