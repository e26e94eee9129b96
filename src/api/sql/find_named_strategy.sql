-- A user's own strategy, by its name.
select id, name, definition, revision, created_at, updated_at
  from api.strategies
 where name = %(name)s
   and user_id = %(user_id)s
