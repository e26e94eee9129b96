-- Accounts with what they may do and what they do now, newest first, by keyset.
select accounts.user_id, plans.name as plan,
       coalesce(accounts.concurrent, plans.concurrent) as concurrent,
       coalesce(accounts.per_day, plans.per_day) as per_day,
       coalesce(accounts.waiting, plans.waiting) as waiting_limit,
       accounts.available, accounts.held, accounts.created_at,
       coalesce(lanes.used, 0) as used, coalesce(lanes.parked, 0) as parked, coalesce(lanes.today, 0) as today
  from pgqueue.accounts
  join pgqueue.plans on plans.tier = accounts.tier
  left join (select user_id, sum(used)::int as used, sum(parked)::int as parked,
                    sum(today) filter (where day = (clock_timestamp() at time zone 'UTC')::date)::int as today
               from pgqueue.lanes
              where %(user_id)s::uuid is null or user_id = %(user_id)s
              group by user_id) as lanes on lanes.user_id = accounts.user_id
 where (%(user_id)s::uuid is null or accounts.user_id = %(user_id)s)
   and (%(before)s::timestamptz is null or accounts.created_at < %(before)s)
 order by accounts.created_at desc
 limit %(limit)s
