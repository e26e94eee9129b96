-- What of today's jobs the user has used, of how many; and when the day ends. No row: no account, nothing used.
select coalesce(accounts.per_day, plans.per_day) as per_day,
       case when lanes.day = (clock_timestamp() at time zone 'UTC')::date then lanes.today else 0 end as used,
       extract(epoch from date_trunc('day', clock_timestamp() at time zone 'UTC') + interval '1 day'
                          - clock_timestamp() at time zone 'UTC')::float8 as seconds_left
  from pgqueue.accounts
  join pgqueue.plans on plans.tier = coalesce(%(tier)s, accounts.tier)
  left join pgqueue.lanes on lanes.user_id = accounts.user_id and lanes.queue = %(queue)s
 where accounts.user_id = %(user_id)s
