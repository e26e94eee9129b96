-- Another definition in place of the stored one, if that is (one of) the revisions its writer had seen.
update api.strategies
   set name = %(name)s,
       definition = %(definition)s,
       revision = revision + 1,
       updated_at = clock_timestamp()
 where id = %(strategy_id)s
   and user_id = %(user_id)s
   and (%(revisions)s::integer[] is null or revision = any(%(revisions)s))
returning id, name, definition, revision, created_at, updated_at
