-- The old job's history tells what it runs again as, and who asked for it. The actor is named first, see cancel.
select pgqueue.record_event(case when acting.actor is not null then 'requeued' end, 'as job ' || %(requeued_as)s::uuid,
                            %(job_id)s::uuid)
  from set_config('pgqueue.actor', %(actor)s::text, true) as acting (actor)
