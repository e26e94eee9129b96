-- waiting -> cancelled at once; processing -> asked to stop, its worker ends it. Any other state is left as it is.
-- The job's id passes through a case that needs the actor: he is named before the function that records him runs.
select answer.state, answer.asked_before,
       (select queue from pgqueue.jobs where id = %(job_id)s::uuid and limited) as freed_queue
  from set_config('pgqueue.actor', %(actor)s::text, true) as acting (actor)
 cross join lateral pgqueue.try_cancel(case when acting.actor is not null then %(job_id)s::uuid end, %(user_id)s::uuid)
    as answer
