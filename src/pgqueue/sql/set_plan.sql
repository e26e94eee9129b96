-- Change what a plan grants: each figure only where it is given, no limit by 'none'.
update pgqueue.plans
   set concurrent = case when %(concurrent)s::text is null then concurrent else nullif(%(concurrent)s, 'none')::int end,
       per_day = case when %(per_day)s::text is null then per_day else nullif(%(per_day)s, 'none')::int end,
       waiting = coalesce(%(waiting)s::int, waiting),
       credits_per_job = coalesce(%(credits)s::bigint, credits_per_job)
 where name = %(plan)s
returning tier, name, concurrent, per_day, waiting, credits_per_job
