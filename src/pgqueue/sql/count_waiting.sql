-- The queue's waiting jobs, counted to its limit: what enqueues are held against. Done by whoever comes first each second.
with stale as (
  select name, max_waiting
    from pgqueue.queues
   where name = %(queue)s
     and counted_at < clock_timestamp() - interval '1 second'
     for update skip locked
)
update pgqueue.queues
   set counted_at = clock_timestamp(),
       waiting = (select count(*) from (select from pgqueue.jobs
                                         where queue = %(queue)s and state = 'ready'
                                         limit coalesce(stale.max_waiting, 100000)) as ready)
               + (select coalesce(sum(parked), 0) from pgqueue.lanes where queue = %(queue)s)
  from stale
 where queues.name = stale.name
