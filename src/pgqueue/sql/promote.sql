-- scheduled -> ready, or held where the owner has a lane, which then admits it. Keeps ready jobs in an index of their
-- own, so that no claim ever tests a time. A user whose lane is locked, by a caller who enqueued in a transaction and
-- leaves it open, is passed over: the others must not wait for it.
with due as materialized (
  select id, user_id, limited
    from pgqueue.jobs
   where queue = %(queue)s
     and state = 'scheduled'
     and run_at <= clock_timestamp()
   order by run_at
   limit 500
     for update skip locked
),
free as materialized (
  select user_id
    from pgqueue.lanes
   where queue = %(queue)s
     and user_id = any(array(select user_id from due where limited))
     for update skip locked
)
update pgqueue.jobs
   set state = case when limited then 'held' else 'ready' end,
       updated_at = clock_timestamp()
 where id = any(array(select id from due where not limited or user_id in (select user_id from free)))
