-- Who presents this key (one that names no scopes is not narrowed: null); the use is noted at most once a minute, so that a busy key is not a busy row.
with found as (
  select api_keys.id, api_keys.last_used_at, api_keys.scopes, api_keys.expires_at, api_keys.hash, users.id as user_id,
         plans.name as plan, users.is_admin, users.is_read_only_admin
    from api.api_keys
    join api.users on users.id = api_keys.user_id
    join pgqueue.accounts on accounts.user_id = users.id
    join pgqueue.plans on plans.tier = accounts.tier
   where api_keys.hash = %(hash)s
     and api_keys.revoked_at is null
     and (api_keys.expires_at is null or api_keys.expires_at > clock_timestamp())
     and users.locked_at is null
),
noted as (
  update api.api_keys
     set last_used_at = clock_timestamp()
    from found
   where api_keys.id = found.id
     and (found.last_used_at is null or found.last_used_at < clock_timestamp() - interval '1 minute')
)
select user_id, plan, is_admin, is_read_only_admin, nullif(scopes, '{}') as scopes, expires_at, id as key_id, hash as credential from found
