-- These waiting jobs of one user, as place.sql says of one but for what is ahead of them: line.sql has that for all.
select job.id, job.queue, job.kind, job.user_id, job.state, job.rank, job.turn,
       greatest(0, extract(epoch from job.run_at - clock_timestamp()))::float8 as due_in_seconds,
       (select slots from pgqueue.lanes where lanes.queue = job.queue and lanes.user_id = job.user_id) as lane_slots,
       exists (select from pgqueue.queues where name = job.queue and paused) as paused,
       exists (select from pgqueue.workers
                where workers.queue = job.queue and stopped_at is null and not draining
                  and lease_expires_at > clock_timestamp()) as is_served
  from pgqueue.jobs as job
 where job.id = any(%(job_ids)s::uuid[])
   and job.user_id = %(user_id)s
   and job.state in ('ready', 'held', 'scheduled')
 order by job.id
