-- For how many seconds the oldest due job has waited; null when none waits. Queue by queue, so that each is one look at
-- the beginning of an index.
select extract(epoch from clock_timestamp() - min(oldest.run_at))::float8 as seconds
  from pgqueue.queues
 cross join lateral (
       select least((select min(run_at) from pgqueue.jobs
                      where jobs.queue = queues.name and state in ('held', 'ready') and rank > 0),
                    (select min(run_at) from (select run_at from pgqueue.jobs
                                               where jobs.queue = queues.name and rank = 0 and state = 'ready'
                                               limit 1000) as lifted)) as run_at) as oldest
