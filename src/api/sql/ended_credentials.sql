-- Which of these secrets, by their hashes, open nothing any more: the streams they opened must end.
select given.hash
  from unnest(%(hashes)s::bytea[]) as given (hash)
 where not exists (
       select
         from api.api_keys
        where api_keys.hash = given.hash
          and api_keys.revoked_at is null
          and (api_keys.expires_at is null or api_keys.expires_at > clock_timestamp()))
   and not exists (
       select
         from api.sessions
        where sessions.hash = given.hash
          and sessions.revoked_at is null
          and sessions.expires_at > clock_timestamp())
