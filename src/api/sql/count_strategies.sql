-- How many strategies a user keeps.
select count(*)
  from api.strategies
 where user_id = %(user_id)s
