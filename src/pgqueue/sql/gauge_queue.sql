-- What dashboards show of a queue at this moment. Everything is read off small indexes and rows, at any depth; ready
-- and scheduled jobs are counted to a limit.
select (select count(*) from (select from pgqueue.jobs
                               where queue = %(queue)s and state = 'ready' limit %(count_limit)s) as ready)::int as ready,
       (select coalesce(sum(parked), 0) from pgqueue.lanes where queue = %(queue)s and parked > 0)::int
     + (select count(*) from (select from pgqueue.jobs
                               where queue = %(queue)s and state = 'scheduled' and not limited
                               limit %(count_limit)s) as scheduled)::int as parked,
       (select count(*) from pgqueue.jobs where state = 'processing' and queue = %(queue)s)::int as processing,
       (select extract(epoch from min(oldest.run_at))::float8
          from (select min(run_at) as run_at from pgqueue.jobs
                 where queue = %(queue)s and state in ('held', 'ready') and rank > 0
                union all
                (select run_at from pgqueue.jobs
                  where queue = %(queue)s and state = 'ready' and rank = 0
                  order by turn, id limit 1)) as oldest) as oldest_run_at,
       exists (select from pgqueue.queues where name = %(queue)s and paused) as paused,
       live.workers, live.draining, live.slots, live.beat_at,
       pg_notification_queue_usage() as notifications,
       extract(epoch from clock_timestamp())::float8 as now
  from (select count(*) filter (where not draining)::int as workers,
               count(*) filter (where draining)::int as draining,
               coalesce(sum(slots) filter (where not draining), 0)::int as slots,
               extract(epoch from min(beat_at))::float8 as beat_at
          from pgqueue.workers
         where queue = %(queue)s
           and stopped_at is null
           and lease_expires_at > clock_timestamp()) as live
