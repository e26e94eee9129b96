-- A user's own strategy.
select id, name, definition, revision, created_at, updated_at
  from api.strategies
 where id = %(strategy_id)s
   and user_id = %(user_id)s
