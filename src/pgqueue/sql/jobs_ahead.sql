-- How many jobs stand before this one, counted to a limit: the ready ones of its queue, and its owner's held ones if it
-- is held itself. No row: the job is not waiting.
select job.queue, job.state in ('ready', 'held') as is_ready,
       greatest(0, extract(epoch from job.run_at - clock_timestamp()))::float8 as due_in_seconds,
       (select count(*)
          from (select
                  from pgqueue.jobs as other
                 where other.queue = job.queue
                   and other.state = 'ready'
                   and (other.rank, other.turn, other.id) < (job.rank, job.turn, job.id)
                 limit %(count_limit)s) as ahead)
       + (select count(*)
            from (select
                    from pgqueue.jobs as other
                   where job.state = 'held'
                     and other.limited
                     and other.queue = job.queue
                     and other.user_id = job.user_id
                     and other.state = 'held'
                     and (other.rank, other.turn, other.id) < (job.rank, job.turn, job.id)
                   limit %(count_limit)s) as held) as ahead
  from pgqueue.jobs as job
 where job.id = %(job_id)s
   and job.state in ('ready', 'held', 'scheduled')
