-- An account's newest movements of credits, by keyset.
select id, at, entry, amount, job_id, note
  from pgqueue.ledger
 where user_id = %(user_id)s
   and (%(before_id)s::bigint is null or id < %(before_id)s)
 order by id desc
 limit %(limit)s
