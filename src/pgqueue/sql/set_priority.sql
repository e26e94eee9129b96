-- A waiting job joins the line of another priority; an error says when it is none. The actor is named first, see cancel.
select pgqueue.set_priority(case when acting.actor is not null then %(job_id)s::uuid end, %(priority)s::int,
                            %(user_id)s::uuid)
  from set_config('pgqueue.actor', %(actor)s::text, true) as acting (actor)
