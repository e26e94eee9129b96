-- Seconds until the next scheduled job is due (negative when overdue; null when none is scheduled), and whether claims
-- must reserve their starts.
select (select extract(epoch from min(run_at) - clock_timestamp())::float8
          from pgqueue.jobs
         where queue = %(queue)s
           and state = 'scheduled') as seconds,
       exists (select from pgqueue.queues
                where name = %(queue)s
                  and (max_running is not null or starts is not null)) as is_capped
