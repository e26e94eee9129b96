-- Whose session this is, while it lasts.
select users.id as user_id, users.plan, users.is_admin, sessions.expires_at
  from api.sessions
  join api.users on users.id = sessions.user_id
 where sessions.hash = %(hash)s
   and sessions.revoked_at is null
   and sessions.expires_at > clock_timestamp()
