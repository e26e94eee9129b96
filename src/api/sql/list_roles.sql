-- What these users may, and whether they are locked out.
select id as user_id,
       case when is_admin then 'admin' when is_read_only_admin then 'read_only_admin' else 'user' end as role,
       locked_at is not null as is_locked
  from api.users
 where id = any(%(user_ids)s::uuid[])
