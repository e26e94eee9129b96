-- Whose session this is, while it lasts: not beyond the key that opened it, nor for a user who is locked out. What a
-- signed token said of plan and role counts for the sessions it opened.
select users.id as user_id, coalesce(sessions.claimed_plan, plans.name) as plan,
       coalesce(sessions.claimed_role = 'admin', users.is_admin) as is_admin,
       coalesce(sessions.claimed_role = 'read_only_admin', users.is_read_only_admin) as is_read_only_admin,
       sessions.scopes, sessions.expires_at, sessions.key_id, sessions.claimed_role is not null as is_claimed
  from api.sessions
  join api.users on users.id = sessions.user_id
  join pgqueue.accounts on accounts.user_id = users.id
  join pgqueue.plans on plans.tier = accounts.tier
  left join api.api_keys on api_keys.id = sessions.key_id
 where sessions.hash = %(hash)s
   and sessions.revoked_at is null
   and sessions.expires_at > clock_timestamp()
   and users.locked_at is null
   and api_keys.revoked_at is null
