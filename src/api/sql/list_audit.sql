-- What administrators did, newest first, by keyset. Times are bounds of ids, so that every index ends where they do: ids
-- rise with time, but for a few that were written at the same instant.
select id, at, user_id, key_name, action, target, facts, outcome
  from api.audit
 where (%(before)s::bigint is null or id < %(before)s)
   and (%(target)s::text is null or target = %(target)s)
   and (%(user_id)s::uuid is null or user_id = %(user_id)s)
   and (%(action)s::text is null or action = %(action)s)
   and id >= case when %(since)s::timestamptz is null then 0
                  else (select min(id)
                          from (select id from api.audit where at >= %(since)s order by at limit 100) as first) end
   and id <= case when %(until)s::timestamptz is null then 9223372036854775807
                  else (select max(id)
                          from (select id from api.audit where at < %(until)s order by at desc limit 100) as last) end
   and (%(since)s::timestamptz is null or at >= %(since)s)
   and (%(until)s::timestamptz is null or at < %(until)s)
 order by id desc
 limit %(limit)s
