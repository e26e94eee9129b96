-- Waiting jobs join the line of another priority; of many, in one transaction, user by user as all who lock lanes go. See
-- cancel_many.
with acting as materialized (
  select set_config('pgqueue.actor', %(actor)s::text, true) as actor
),
chosen as materialized (
  select id
    from pgqueue.jobs
   where id = any(%(job_ids)s::uuid[])
     and state in ('scheduled', 'held', 'ready')
   order by queue, user_id, id
     for update skip locked
)
select id, pgqueue.set_priority(case when acting.actor is not null then id end, %(priority)s::int) as moved
  from chosen
 cross join acting
