-- The user's keys, sessions and tokens open nothing from now on, or open what they did again.
update api.users
   set locked_at = case when %(locked)s then coalesce(locked_at, clock_timestamp()) end
 where id = %(user_id)s
