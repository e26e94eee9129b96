-- Where a waiting job stands: what is claimed before it, in order, and its owner's held jobs that are admitted before it
-- if it is held itself; each counted to a limit. No row: the job is not waiting.
select job.queue, job.kind, job.user_id, job.state, job.rank, job.turn,
       greatest(0, extract(epoch from job.run_at - clock_timestamp()))::float8 as due_in_seconds,
       (select slots from pgqueue.lanes where lanes.queue = job.queue and lanes.user_id = job.user_id) as lane_slots,
       ready.kinds as ready, ready.is_own, held.kinds as held,
       exists (select from pgqueue.queues where name = job.queue and paused) as paused,
       exists (select from pgqueue.workers
                where workers.queue = job.queue and stopped_at is null and not draining
                  and lease_expires_at > clock_timestamp()) as is_served
  from pgqueue.jobs as job
 cross join lateral (
       select coalesce(array_agg(kind order by rank, turn, id), '{}') as kinds,
              coalesce(array_agg(user_id = job.user_id and limited order by rank, turn, id), '{}') as is_own
         from (select kind, user_id, limited, rank, turn, id
                 from pgqueue.jobs as other
                where other.queue = job.queue
                  and other.state = 'ready'
                  and (other.rank, other.turn, other.id) < (job.rank, job.turn, job.id)
                order by rank, turn, id
                limit %(count_limit)s) as ahead) as ready
 cross join lateral (
       select coalesce(array_agg(kind order by rank, turn, id), '{}') as kinds
         from (select kind, rank, turn, id
                 from pgqueue.jobs as other
                where job.state = 'held'
                  and other.limited
                  and other.queue = job.queue
                  and other.user_id = job.user_id
                  and other.state = 'held'
                  and (other.rank, other.turn, other.id) < (job.rank, job.turn, job.id)
                order by rank, turn, id
                limit %(count_limit)s) as ahead) as held
 where job.id = %(job_id)s
   and job.state in ('ready', 'held', 'scheduled')
