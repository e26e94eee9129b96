-- The job that an idempotency key made, and the fingerprint of the request that made it.
select id, request_hash
  from pgqueue.jobs
 where queue = %(queue)s
   and user_id = %(user_id)s
   and idempotency_key = %(idempotency_key)s
