-- The session ends before its time.
update api.sessions
   set revoked_at = clock_timestamp()
 where hash = %(hash)s
   and revoked_at is null
