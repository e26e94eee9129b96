-- A page of a user's strategies, by name: no two of theirs share one, so it is a place to go on from.
select id, name, definition -> 'params' as params, revision, created_at, updated_at
  from api.strategies
 where user_id = %(user_id)s
   and (%(after)s::text is null or name > %(after)s)
 order by name
 limit %(limit)s
