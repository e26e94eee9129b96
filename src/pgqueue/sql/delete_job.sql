-- A final job goes, with its result and attempts; an error says when it is none. The actor is named first, see cancel.
select pgqueue.delete_job(case when acting.actor is not null then %(job_id)s::uuid end, %(user_id)s::uuid)
  from set_config('pgqueue.actor', %(actor)s::text, true) as acting (actor)
