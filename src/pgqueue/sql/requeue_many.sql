-- Final jobs run again, each as a new job that names the old one; of many, in one transaction, user by user as all who
-- lock lanes go. What a limit forbids answers with its reason. once: of all that say the same, the first alone makes a
-- job, also while it is still at it: that is an idempotency key. See cancel_many.
with acting as materialized (
  select set_config('pgqueue.actor', %(actor)s::text, true) as actor
),
chosen as materialized (
  select id, queue, kind, args, user_id, priority, max_retries
    from pgqueue.jobs
   where id = any(%(job_ids)s::uuid[])
     and finished_at is not null
   order by queue, user_id, id
),
added as materialized (
  select chosen.id, chosen.queue, answer.job_id as made_id, answer.created, answer.refused, answer.refused_limit,
         answer.refused_seconds
    from chosen
   cross join lateral pgqueue.try_enqueue(chosen.queue, chosen.kind, chosen.args, chosen.user_id, null, chosen.priority,
                                          null, chosen.max_retries, 'requeue ' || %(once)s::text || ' ' || chosen.id,
                                          null, chosen.id) as answer
)
select id, queue, made_id, created, refused, refused_limit, refused_seconds,
       case when created
            then pgqueue.record_event(case when acting.actor is not null then 'requeued' end, 'as job ' || made_id, id)
       end as recorded
  from added
 cross join acting
