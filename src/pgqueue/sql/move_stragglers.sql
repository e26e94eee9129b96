-- Ready jobs below the floor, where claims do not look any more: of a transaction that read the floor long before it
-- committed, or of a claim that was rolled back. They move to the floor, before all who came later.
update pgqueue.jobs
   set turn = (select floor from pgqueue.turns where turns.queue = jobs.queue and turns.rank = jobs.rank),
       updated_at = clock_timestamp()
 where id = any(array(
       select job.id
         from pgqueue.turns
        cross join lateral (
              select id
                from pgqueue.jobs
               where queue = turns.queue
                 and rank = turns.rank
                 and state = 'ready'
                 and turn < turns.floor
               order by turn, id
               limit 1000
                 for update skip locked) as job
        where turns.queue = %(queue)s))
