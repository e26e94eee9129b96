-- Seconds until the next scheduled job is due (negative when overdue); null when none is scheduled.
select extract(epoch from min(run_at) - clock_timestamp())::float8
  from pgqueue.jobs
 where queue = %(queue)s
   and state = 'scheduled'
