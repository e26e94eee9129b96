-- A new key: only its hash and its first characters are kept.
insert into api.api_keys (user_id, prefix, hash, name, scopes, expires_at)
values (%(user_id)s, %(prefix)s, %(hash)s, %(name)s, %(scopes)s,
        clock_timestamp() + make_interval(secs => %(expires_seconds)s))
returning id
