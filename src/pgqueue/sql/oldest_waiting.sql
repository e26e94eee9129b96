-- For how many seconds the oldest due job has waited; null when none waits.
select extract(epoch from clock_timestamp() - least(
         (select min(run_at) from pgqueue.jobs where queue = any(queues.names) and state in ('held', 'ready') and rank > 0),
         (select min(run_at) from (select run_at from pgqueue.jobs
                                    where queue = any(queues.names) and rank = 0 and state = 'ready'
                                    limit 1000) as lifted)))::float8 as seconds
  from (select array(select name from pgqueue.queues) as names) as queues
