-- What the doctor asks of the queues: runs without a live worker, waiting jobs that nobody serves, overdue promotions,
-- counts that nobody brings up to date.
select (select count(*) from pgqueue.jobs
         where state = 'processing'
           and not exists (select from pgqueue.workers
                            where workers.id = jobs.worker_id and stopped_at is null
                              and lease_expires_at > clock_timestamp() - interval '30 seconds'))::int as orphans,
       (select count(*) from (select from pgqueue.jobs
                               where state = 'scheduled' and run_at < clock_timestamp() - interval '1 minute'
                               limit 1000) as overdue)::int as overdue,
       array(select name from pgqueue.queues where paused order by name) as paused,
       array(select name from pgqueue.queues
              where exists (select from pgqueue.jobs where queue = name and state = 'ready')
                and not exists (select from pgqueue.workers
                                 where workers.queue = queues.name and stopped_at is null and not draining
                                   and lease_expires_at > clock_timestamp())
              order by name) as unserved,
       array(select name from pgqueue.queues
              where counted_at < clock_timestamp() - interval '1 minute'
                and exists (select from pgqueue.workers
                             where workers.queue = queues.name and stopped_at is null
                               and lease_expires_at > clock_timestamp())
              order by name) as uncounted,
       (select count(*) from pgqueue.queues
         where waiting >= max_waiting)::int as full_queues,
       array(select distinct version from pgqueue.workers
              where stopped_at is null and lease_expires_at > clock_timestamp() order by version) as versions
