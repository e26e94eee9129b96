-- The last hour, of each queue's newest ended jobs up to a limit: waits, runs, and what ended in each minute. Where the
-- limit cut a queue's jobs short, whole_from says since when all of them are counted. The time is the statement's, which an
-- index can be asked for; the clock's is asked of every row.
with ended as materialized (
  select latest.*
    from pgqueue.queues
   cross join lateral (
         select queue, state, run_at, started_at, finished_at
           from pgqueue.jobs
          where jobs.queue = queues.name
            and finished_at is not null
            and finished_at > statement_timestamp() - interval '1 hour'
          order by finished_at desc
          limit %(count_limit)s) as latest
)
select count(*)::int as jobs,
       percentile_cont(array[0.5, 0.95, 0.99]) within group (order by extract(epoch from started_at - run_at)::float8)
         filter (where started_at is not null) as wait,
       percentile_cont(array[0.5, 0.95, 0.99]) within group (order by extract(epoch from finished_at - started_at)::float8)
         filter (where started_at is not null and state <> 'cancelled') as run,
       (select coalesce(jsonb_agg(jsonb_build_array(minute, completed, failed, cancelled) order by minute), '[]')
          from (select date_trunc('minute', finished_at) as minute,
                       count(*) filter (where state = 'completed') as completed,
                       count(*) filter (where state = 'failed') as failed,
                       count(*) filter (where state = 'cancelled') as cancelled
                  from ended
                 group by 1) as by_minute) as minutes,
       (select max(oldest) from (select min(finished_at) as oldest from ended
                                  group by queue having count(*) >= %(count_limit)s) as cut_short) as whole_from
  from ended
