-- Keys, newest first; what one grants hangs on whether its user is an operator.
select api_keys.id, api_keys.user_id, plans.name as plan, api_keys.prefix, api_keys.name, api_keys.scopes,
       api_keys.created_at, api_keys.expires_at, api_keys.revoked_at, api_keys.last_used_at,
       users.is_admin or users.is_read_only_admin as is_operator
  from api.api_keys
  join api.users on users.id = api_keys.user_id
  join pgqueue.accounts on accounts.user_id = api_keys.user_id
  join pgqueue.plans on plans.tier = accounts.tier
 where (%(user_id)s::uuid is null or api_keys.user_id = %(user_id)s)
 order by api_keys.created_at desc
 limit 1000
