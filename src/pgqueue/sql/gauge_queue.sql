-- What dashboards show of a queue beside its totals: the oldest that waits, who is alive, and the server's own queue.
select (select extract(epoch from min(oldest.run_at))::float8
          from (select min(run_at) as run_at from pgqueue.jobs
                 where queue = %(queue)s and state in ('held', 'ready') and rank > 0
                union all
                (select run_at from pgqueue.jobs
                  where queue = %(queue)s and state = 'ready' and rank = 0
                  order by turn, id limit 1)) as oldest) as oldest_run_at,
       live.draining, live.beat_at,
       pg_notification_queue_usage() as notifications,
       extract(epoch from clock_timestamp())::float8 as now
  from (select count(*) filter (where draining)::int as draining,
               extract(epoch from min(beat_at))::float8 as beat_at
          from pgqueue.workers
         where queue = %(queue)s
           and stopped_at is null
           and lease_expires_at > clock_timestamp()) as live
