-- Raise the floor of each rank to the newest turn that was started: who comes next joins there.
-- The turns are given by the worker that claimed them: to read them off the running jobs would lead over all that ran.
with behind as materialized (
  select turns.rank, newest.turn
    from pgqueue.turns
    join unnest(%(ranks)s::smallint[], %(turns)s::bigint[]) as newest (rank, turn) on newest.rank = turns.rank
   where turns.queue = %(queue)s
     and turns.floor < newest.turn
     for update of turns skip locked
)
update pgqueue.turns
   set floor = behind.turn
  from behind
 where turns.queue = %(queue)s
   and turns.rank = behind.rank
returning turns.rank, turns.floor
