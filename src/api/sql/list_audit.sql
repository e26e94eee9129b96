-- What administrators did, newest first, by keyset.
select id, at, user_id, key_name, action, target, facts, outcome
  from api.audit
 where (%(before)s::bigint is null or id < %(before)s)
   and (%(target)s::text is null or target = %(target)s)
   and (%(user_id)s::uuid is null or user_id = %(user_id)s)
   and (%(action)s::text is null or action = %(action)s)
   and (%(since)s::timestamptz is null or at >= %(since)s)
   and (%(until)s::timestamptz is null or at < %(until)s)
 order by id desc
 limit %(limit)s
