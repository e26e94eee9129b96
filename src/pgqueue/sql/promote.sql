-- scheduled -> ready, or held where the owner has a lane, which then admits it. Keeps ready jobs in an index of their
-- own, so that no claim ever tests a time.
with due as materialized (
  select id
    from pgqueue.jobs
   where queue = %(queue)s
     and state = 'scheduled'
     and run_at <= clock_timestamp()
   order by run_at
   limit 500
     for update skip locked
)
update pgqueue.jobs
   set state = case when limited then 'held' else 'ready' end,
       updated_at = clock_timestamp()
 where id = any(array(select id from due))
