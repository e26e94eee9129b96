-- The queue at a glance. Waiting jobs are counted to a limit, so that a dashboard costs the same at any depth, and from
-- the floors up: nothing is ready below, and beside an open transaction much that was.
select waiting.ready, waiting.ready + waiting.parked + waiting.scheduled as waiting,
       (select count(*) from pgqueue.jobs where state = 'processing' and queue = %(queue)s) as active,
       exists (select from pgqueue.queues where name = %(queue)s and paused) as paused,
       live.workers, live.slots
  from (select (select count(*) from (select from generate_series(0, 30) as ranks (rank)
                                        left join pgqueue.turns
                                          on turns.queue = %(queue)s and turns.rank = ranks.rank
                                       cross join lateral (
                                             select from pgqueue.jobs
                                              where queue = %(queue)s
                                                and rank = ranks.rank
                                                and state = 'ready'
                                                and turn >= coalesce(turns.floor, 0)
                                              limit %(count_limit)s) as job
                                       limit %(count_limit)s) as ready) as ready,
               (select coalesce(sum(parked), 0) from pgqueue.lanes
                 where queue = %(queue)s and parked > 0) as parked,
               (select count(*) from (select from pgqueue.jobs
                                       where queue = %(queue)s and state = 'scheduled' and not limited
                                       limit %(count_limit)s) as scheduled) as scheduled) as waiting,
       (select count(*) as workers, coalesce(sum(slots), 0) as slots
          from pgqueue.workers
         where queue = %(queue)s
           and stopped_at is null
           and lease_expires_at > clock_timestamp()
           and not draining) as live
