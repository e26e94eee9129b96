-- How many may start now in a queue that is capped, asked behind its lock: a statement that waited for the lock itself
-- would count what ran before it waited.
select greatest(0, least(
         %(limit)s,
         coalesce(max_running - (select count(*) from pgqueue.jobs where state = 'processing' and queue = %(queue)s), %(limit)s),
         coalesce(starts - (select count(*) from unnest(recent_starts) as start
                             where start > clock_timestamp() - make_interval(secs => per_seconds)), %(limit)s)))
  from pgqueue.queues
 where name = %(queue)s
