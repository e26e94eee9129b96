-- A code that opens one session, soon.
insert into api.login_codes (hash, user_id, expires_at)
values (%(hash)s, %(user_id)s, clock_timestamp() + make_interval(secs => %(seconds)s))
