-- (nothing) -> ready, held (the lane is full) or scheduled (run_at lies ahead). One round trip.
-- An idempotency key that is taken answers with its job; a refusal answers with its reason, and changes nothing.
select job_id, created, same_request, refused, refused_limit, refused_seconds
  from pgqueue.try_enqueue(%(queue)s, %(kind)s, %(args)s::jsonb, %(user_id)s, %(tier)s, %(priority)s,
                           %(run_at)s::timestamptz, %(max_retries)s, %(idempotency_key)s, %(request_hash)s::bytea,
                           %(requeued_from)s)
