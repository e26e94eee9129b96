-- (nothing) -> ready, or scheduled when run_at lies ahead. One round trip; no row back means the idempotency key is taken.
-- Rank 1 is the paid plan's priority 10, rank 30 the free plan's priority 1; rank 0 stands above all.
with asked as (
  select ((2 - %(tier)s::int) * 10 + 11 - %(priority)s::int)::smallint as rank
),
lane as (
  insert into pgqueue.lanes as lane (queue, user_id, rank, last_turn)
  select %(queue)s, %(user_id)s, asked.rank, coalesce(turns.floor, 0) + 1
    from asked
    left join pgqueue.turns on turns.queue = %(queue)s and turns.rank = asked.rank
  on conflict (queue, user_id, rank) do update
     set last_turn = greatest(lane.last_turn + 1, excluded.last_turn)
  returning rank, last_turn
)
insert into pgqueue.jobs
       (queue, kind, user_id, tier, priority, rank, turn, args, max_retries,
        idempotency_key, request_hash, requeued_from, run_at, state)
select %(queue)s, %(kind)s, %(user_id)s, %(tier)s, %(priority)s, lane.rank, lane.last_turn, %(args)s::jsonb, %(max_retries)s,
       %(idempotency_key)s, %(request_hash)s, %(requeued_from)s,
       coalesce(%(run_at)s::timestamptz, clock_timestamp()),
       case when %(run_at)s::timestamptz > clock_timestamp() then 'scheduled' else 'ready' end
  from lane
on conflict (queue, user_id, idempotency_key) where idempotency_key is not null do nothing
returning id
