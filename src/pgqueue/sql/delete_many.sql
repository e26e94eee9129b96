-- Final jobs go, with their results and attempts; of many, in one transaction. See cancel_many.
with acting as materialized (
  select set_config('pgqueue.actor', %(actor)s::text, true) as actor
),
chosen as materialized (
  select id
    from pgqueue.jobs
   where id = any(%(job_ids)s::uuid[])
     and finished_at is not null
   order by id
     for update skip locked
),
gone as (
  delete from pgqueue.jobs
   using chosen
   where jobs.id = chosen.id
  returning jobs.id, jobs.queue, jobs.state
)
select id, pgqueue.record_event(case when acting.actor is not null then 'deleted' end, 'it was ' || state, id, queue)
         as recorded
  from gone
 cross join acting
