-- How many ready jobs stand before this one in its queue, counted to a limit. No row: the job is not waiting.
select job.queue, job.state = 'ready' as is_ready,
       greatest(0, extract(epoch from job.run_at - clock_timestamp()))::float8 as due_in_seconds,
       (select count(*)
          from (select
                  from pgqueue.jobs as other
                 where other.queue = job.queue
                   and other.state = 'ready'
                   and (other.rank, other.turn, other.id) < (job.rank, job.turn, job.id)
                 limit %(count_limit)s) as ahead) as ahead
  from pgqueue.jobs as job
 where job.id = %(job_id)s
   and job.state in ('ready', 'scheduled')
