-- The job that this idempotency key has made already, and whether for the same request.
select id as job_id, false as created, request_hash is not distinct from %(request_hash)s::bytea as same_request,
       null as refused
  from pgqueue.jobs
 where queue = %(queue)s
   and user_id = %(user_id)s
   and idempotency_key = %(idempotency_key)s
