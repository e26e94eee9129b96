-- After a bulk: what it holds of the owner's credits, and better jobs go before his worse ones.
with held as (
  insert into pgqueue.ledger (user_id, job_id, entry, amount)
  select %(user_id)s, id, 'held', %(credits)s::bigint
    from unnest(%(job_ids)s::uuid[]) as id
   where %(credits)s::bigint > 0
)
select pgqueue.give_way(%(queue)s, %(user_id)s, %(rank)s::smallint, %(places)s)
 where %(places)s::int > 0
