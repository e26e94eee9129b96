-- Remove codes and sessions that have been over for a day, used and revoked ones with them, at most so many of each. One
-- that somebody else is removing is left to them.
with codes as (
  delete from api.login_codes
   where hash in (
         select hash
           from api.login_codes
          where expires_at < clock_timestamp() - interval '1 day'
          order by expires_at
          limit %(at_most)s
            for update skip locked)
  returning hash
),
sessions as (
  delete from api.sessions
   where hash in (
         select hash
           from api.sessions
          where expires_at < clock_timestamp() - interval '1 day'
          order by expires_at
          limit %(at_most)s
            for update skip locked)
  returning hash
)
select (select count(*) from codes)::int as codes, (select count(*) from sessions)::int as sessions
