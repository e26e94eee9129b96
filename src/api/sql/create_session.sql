-- A session begins. It ends no later than the credential that opened it (which may be just over: tokens have some
-- seconds of grace).
insert into api.sessions (hash, user_id, expires_at, key_id, scopes, claimed_plan, claimed_role)
values (%(hash)s, %(user_id)s,
        least(clock_timestamp() + make_interval(secs => %(seconds)s),
              case when %(not_after)s::timestamptz > clock_timestamp() then %(not_after)s::timestamptz
                   when %(not_after)s::timestamptz is not null then clock_timestamp() + interval '1 second' end),
        %(key_id)s, %(scopes)s, %(plan)s, %(role)s)
returning expires_at
