-- An account's newest movements of credits.
select id, at, entry, amount, job_id, note
  from pgqueue.ledger
 where user_id = %(user_id)s
 order by id desc
 limit %(limit)s
