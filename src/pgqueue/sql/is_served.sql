-- Whether a worker that is alive looks after the queue.
select exists (
       select from pgqueue.workers where queue = %(queue)s and stopped_at is null and lease_expires_at > clock_timestamp())
