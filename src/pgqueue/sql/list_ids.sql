-- Newest first, by keyset: ids are time-ordered.
select id
  from pgqueue.jobs
 where (%(user_id)s::uuid is null or user_id = %(user_id)s)
   and (%(queue)s::text is null or queue = %(queue)s)
   and (%(states)s::text[] is null or state = any(%(states)s::text[]))
   and (%(args)s::jsonb is null or args @> %(args)s::jsonb)
   and (%(before)s::uuid is null or id < %(before)s)
 order by id desc
 limit %(limit)s
