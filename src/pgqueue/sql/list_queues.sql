-- Every queue: what it allows, what waits (counted to a limit) and runs in it, and who works on it.
select queues.name, queues.paused, queues.max_waiting, queues.max_running, queues.starts, queues.per_seconds,
       (select count(*) from (select from pgqueue.jobs
                               where jobs.queue = queues.name and state = 'ready' limit %(count_limit)s) as ready)::int
       + coalesce((select sum(parked) from pgqueue.lanes
                    where lanes.queue = queues.name and parked > 0), 0)::int as waiting,
       (select count(*) from pgqueue.jobs
         where state = 'processing' and jobs.queue = queues.name)::int as active,
       live.workers, live.slots
  from pgqueue.queues
 cross join lateral (
       select count(*)::int as workers, coalesce(sum(slots), 0)::int as slots
         from pgqueue.workers
        where workers.queue = queues.name
          and stopped_at is null
          and lease_expires_at > clock_timestamp()
          and not draining) as live
 order by queues.name
 limit 1000
