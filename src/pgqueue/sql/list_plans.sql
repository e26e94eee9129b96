-- What each plan grants; null is no limit.
select tier, name, concurrent, per_day, waiting, credits_per_job
  from pgqueue.plans
 order by tier
