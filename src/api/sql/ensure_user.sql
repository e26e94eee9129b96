-- An account is made on a user's first request, as free; an existing one stays as it is.
with known as (
  insert into api.users (id)
  values (%(user_id)s)
  on conflict (id) do nothing
),
made as (
  insert into pgqueue.accounts (user_id, tier)
  select %(user_id)s, tier from pgqueue.plans where name = %(plan)s
  on conflict (user_id) do nothing
  returning user_id, tier
),
account as (
  select user_id, tier from made
  union all
  select user_id, tier from pgqueue.accounts where user_id = %(user_id)s
  limit 1
)
select account.user_id, plans.name as plan, coalesce(users.is_admin, false) as is_admin,
       coalesce(users.is_read_only_admin, false) as is_read_only_admin, null::text[] as scopes,
       users.locked_at is not null as is_locked
  from account
  join pgqueue.plans on plans.tier = account.tier
  left join api.users on users.id = account.user_id
