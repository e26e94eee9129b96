-- The worker ends its lease itself; whatever it may still hold is rescued at once instead of after the lease.
update pgqueue.workers
   set stopped_at = clock_timestamp(),
       lease_expires_at = clock_timestamp()
 where id = %(worker_id)s
   and stopped_at is null
