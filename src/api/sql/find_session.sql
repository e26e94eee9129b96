-- Whose session this is, while it lasts.
select users.id as user_id, plans.name as plan, users.is_admin, sessions.expires_at
  from api.sessions
  join api.users on users.id = sessions.user_id
  join pgqueue.accounts on accounts.user_id = users.id
  join pgqueue.plans on plans.tier = accounts.tier
 where sessions.hash = %(hash)s
   and sessions.revoked_at is null
   and sessions.expires_at > clock_timestamp()
