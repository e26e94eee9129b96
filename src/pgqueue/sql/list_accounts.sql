-- Accounts with what they may do and what they do now, newest first, by keyset. A user's lanes are looked up queue by
-- queue, by their key: there may be very many users.
select chosen.user_id, chosen.plan, chosen.concurrent, chosen.per_day, chosen.waiting_limit,
       chosen.own_concurrent, chosen.own_per_day, chosen.own_waiting, chosen.available, chosen.held, chosen.created_at,
       lanes.used, lanes.parked, lanes.today,
       coalesce(running.jobs, 0) as processing,
       greatest(0, lanes.used + lanes.parked - coalesce(running.jobs, 0)) as waiting,
       ((clock_timestamp() at time zone 'UTC')::date + 1)::timestamp at time zone 'UTC' as resets_at
  from (select accounts.user_id, plans.name as plan,
               coalesce(accounts.concurrent, plans.concurrent) as concurrent,
               coalesce(accounts.per_day, plans.per_day) as per_day,
               coalesce(accounts.waiting, plans.waiting) as waiting_limit,
               accounts.concurrent as own_concurrent, accounts.per_day as own_per_day, accounts.waiting as own_waiting,
               accounts.available, accounts.held, accounts.created_at
          from pgqueue.accounts
          join pgqueue.plans on plans.tier = accounts.tier
         where (%(user_id)s::uuid is null or accounts.user_id = %(user_id)s)
           and (%(plan)s::text is null or plans.name = %(plan)s)
           and (%(before)s::timestamptz is null or (accounts.created_at, accounts.user_id) < (%(before)s, %(before_user)s::uuid))
         order by accounts.created_at desc, accounts.user_id desc
         limit %(limit)s) as chosen
 cross join lateral (
       select coalesce(sum(lanes.used), 0)::int as used, coalesce(sum(lanes.parked), 0)::int as parked,
              coalesce(sum(lanes.today)
                         filter (where lanes.day = (clock_timestamp() at time zone 'UTC')::date), 0)::int as today
         from pgqueue.queues
         join pgqueue.lanes on lanes.queue = queues.name and lanes.user_id = chosen.user_id) as lanes
  left join (select user_id, count(*)::int as jobs
               from pgqueue.jobs
              where state = 'processing'
              group by user_id) as running on running.user_id = chosen.user_id
 order by chosen.created_at desc, chosen.user_id desc
