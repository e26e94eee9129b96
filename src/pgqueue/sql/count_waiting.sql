-- The queue's waiting jobs, counted to its limit: what enqueues are held against. Below the floor nothing is ready but
-- stragglers. Written only where a hundredth of the limit has changed, the limit is passed, or 20 s are: every claim
-- reads the row, and under a held horizon each of its versions. Nor while anyone else is writing it.
with counted as materialized (
  select queues.name, least(coalesce(queues.max_waiting, 100000), ready.count) + lanes.parked as waiting
    from pgqueue.queues
   cross join lateral (
         select count(*) from (
                select from pgqueue.turns
                 cross join lateral (
                       select from pgqueue.jobs
                        where queue = turns.queue
                          and rank = turns.rank
                          and state = 'ready'
                          and turn >= turns.floor
                        limit coalesce(queues.max_waiting, 100000)) as job
                 where turns.queue = queues.name
                 limit coalesce(queues.max_waiting, 100000)) as job) as ready
   cross join lateral (
         select coalesce(sum(parked), 0) as parked from pgqueue.lanes where queue = queues.name and parked > 0) as lanes
   where queues.name = %(queue)s
)
update pgqueue.queues
   set counted_at = clock_timestamp(),
       waiting = counted.waiting
  from counted
 where queues.name = counted.name
   and queues.name = any(array(select name from pgqueue.queues where name = %(queue)s for no key update skip locked))
   and (abs(queues.waiting - counted.waiting) > coalesce(max_waiting, 100000) / 100
        or (queues.waiting >= max_waiting) <> (counted.waiting >= max_waiting)
        or queues.counted_at < clock_timestamp() - interval '20 s')
