-- A lane with a free slot and a job held back has missed a wake-up: someone held its row while it was looked at.
select pgqueue.admit(queue, user_id)
  from (select queue, user_id
          from pgqueue.lanes
         where queue = %(queue)s
           and parked > 0
           and used < coalesce(slots, 2147483647)
           and exists (
               select from pgqueue.jobs
                where jobs.queue = lanes.queue and jobs.user_id = lanes.user_id and limited and state = 'held')
         limit 500
           for update skip locked) as lanes
