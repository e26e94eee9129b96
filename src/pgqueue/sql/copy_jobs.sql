-- (nothing) -> ready, held or scheduled, in bulk, at the places that reserve_batch.sql gave.
copy pgqueue.jobs (id, queue, kind, user_id, tier, priority, rank, turn, args, max_retries, limited, credits, run_at, state)
from stdin (format binary)
