-- Raise the floor of each rank to the newest turn being run: who comes next joins there.
update pgqueue.turns
   set floor = newest.turn
  from (select queue, rank, max(turn) as turn
          from pgqueue.jobs
         where state = 'processing'
         group by queue, rank) as newest
 where turns.queue = newest.queue
   and turns.rank = newest.rank
   and turns.floor < newest.turn
