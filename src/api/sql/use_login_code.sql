-- Whose code it is; it is spent in the same moment.
update api.login_codes
   set used_at = clock_timestamp()
 where hash = %(hash)s
   and used_at is null
   and expires_at > clock_timestamp()
returning user_id
