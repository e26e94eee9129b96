-- A lane with a free slot and a job held back has missed a wake-up: someone held its row while it was looked at.
select pgqueue.admit(queue, user_id)
  from (select queue, user_id
          from pgqueue.lanes
         where parked > 0
           and used < coalesce(slots, 2147483647)
           for update skip locked) as lanes
