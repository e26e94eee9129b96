-- Credits from an operator, with the reason; a negative amount takes back what is available and fails beyond it.
-- No row: there is nothing to take back from.
with account as (
  insert into pgqueue.accounts as account (user_id, available)
  select %(user_id)s, greatest(0, %(amount)s::bigint)
   where %(amount)s >= 0 or exists (select from pgqueue.accounts where user_id = %(user_id)s)
  on conflict (user_id) do update
     set available = account.available + %(amount)s
  returning user_id, available, held
),
entry as (
  insert into pgqueue.ledger (user_id, entry, amount, note)
  select user_id, 'granted', %(amount)s, %(note)s
    from account
)
select user_id, available, held from account
