-- From now on the key opens nothing.
update api.api_keys
   set revoked_at = coalesce(revoked_at, clock_timestamp())
 where id::text = %(key)s
    or prefix = %(key)s
returning id, prefix
