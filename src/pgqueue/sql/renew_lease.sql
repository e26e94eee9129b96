-- The worker is alive. No row back: it was declared dead, its jobs are others' now, and it must start anew.
-- Answers with the jobs it was asked to cancel, in case the hint was lost. It names the jobs it runs: by its own id the
-- index of running jobs would lead over all that it ever ran.
update pgqueue.workers
   set beat_at = clock_timestamp(),
       lease_expires_at = clock_timestamp() + make_interval(secs => %(lease_seconds)s),
       draining = %(draining)s,
       memory_bytes = %(memory_bytes)s
 where id = %(worker_id)s
   and stopped_at is null
returning array(select jobs.id
                  from pgqueue.jobs
                 where jobs.id = any(%(job_ids)s::uuid[])
                   and jobs.worker_id = %(worker_id)s
                   and jobs.state = 'processing'
                   and jobs.cancel_requested_at is not null) as to_cancel
