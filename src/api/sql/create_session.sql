-- A session begins; sessions long over go.
with over as (
  delete from api.sessions
   where user_id = %(user_id)s
     and expires_at < clock_timestamp() - interval '1 day'
)
insert into api.sessions (hash, user_id, expires_at)
values (%(hash)s, %(user_id)s, clock_timestamp() + make_interval(secs => %(seconds)s))
returning expires_at
