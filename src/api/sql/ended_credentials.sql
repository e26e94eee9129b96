-- Which of these secrets, by their hashes, open nothing any more: the streams they opened must end.
select given.hash
  from unnest(%(hashes)s::bytea[]) as given (hash)
 where not exists (
       select
         from api.api_keys
         join api.users on users.id = api_keys.user_id
        where api_keys.hash = given.hash
          and api_keys.revoked_at is null
          and (api_keys.expires_at is null or api_keys.expires_at > clock_timestamp())
          and users.locked_at is null)
   and not exists (
       select
         from api.sessions
         join api.users on users.id = sessions.user_id
         left join api.api_keys on api_keys.id = sessions.key_id
        where sessions.hash = given.hash
          and sessions.revoked_at is null
          and sessions.expires_at > clock_timestamp()
          and users.locked_at is null
          and api_keys.revoked_at is null)
