-- An account is made on a user's first request, as free; an existing one stays as it is.
with made as (
  insert into api.users (id, plan)
  values (%(user_id)s, %(plan)s)
  on conflict (id) do nothing
  returning id as user_id, plan, is_admin
)
select user_id, plan, is_admin from made
union all
select id, plan, is_admin from api.users where id = %(user_id)s
limit 1
