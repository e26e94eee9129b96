-- Which of these users are locked out: whatever opened their streams, they must end.
select id
  from api.users
 where id = any(%(user_ids)s::uuid[])
   and locked_at is not null
