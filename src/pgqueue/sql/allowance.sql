-- What a user may have and has of a queue, and the first limit that refuses the next job, in try_enqueue's order and words.
-- Who has no account yet is on the lowest plan.
select plans.name as plan,
       limits.concurrent, running.jobs as running,
       limits.per_day, lane.today as used_today,
       (asked.today + 1)::timestamp at time zone 'UTC' as day_ends_at,
       limits.waiting as waiting_limit, greatest(0, lane.unfinished - running.jobs) as waiting,
       plans.credits_per_job, coalesce(accounts.available, 0) as available, coalesce(accounts.held, 0) as held,
       case when queues.max_waiting <= queues.waiting then 'queue_full'
            when lane.today >= limits.per_day then 'daily_quota'
            when lane.unfinished >= limits.waiting + coalesce(limits.concurrent, 0) then 'user_waiting'
            when coalesce(accounts.available, 0) < plans.credits_per_job then 'credits' end as refused
  from (select %(user_id)s::uuid as user_id, %(queue)s::text as queue,
               (clock_timestamp() at time zone 'UTC')::date as today) as asked
  left join pgqueue.accounts on accounts.user_id = asked.user_id
  join pgqueue.plans on plans.tier = coalesce(%(tier)s::int, accounts.tier, 0)
  left join pgqueue.lanes on lanes.user_id = asked.user_id and lanes.queue = asked.queue
  left join pgqueue.queues on queues.name = asked.queue
 cross join lateral (
       select coalesce(accounts.concurrent, plans.concurrent) as concurrent,
              coalesce(accounts.per_day, plans.per_day) as per_day,
              coalesce(accounts.waiting, plans.waiting) as waiting) as limits
 cross join lateral (
       select coalesce(lanes.used + lanes.parked, 0) as unfinished,
              case when lanes.day = asked.today then lanes.today else 0 end as today) as lane
 cross join lateral (
       select count(*)::int as jobs
         from pgqueue.jobs
        where state = 'processing'
          and jobs.user_id = asked.user_id
          and jobs.queue = asked.queue) as running
