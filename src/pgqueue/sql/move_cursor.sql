-- Where claims may start in each rank: at the first job still ready, or else at the floor that was read a move ago.
-- A claim in flight shows its jobs as ready still, so that nothing it may yet give back is passed over.
select turns.rank,
       coalesce((select turn
                   from pgqueue.jobs
                  where queue = turns.queue
                    and rank = turns.rank
                    and state = 'ready'
                    and turn >= head.turn
                    and turn < head.floor
                  order by turn, id
                  limit 1),
                greatest(head.turn, head.floor)) as head,
       turns.floor
  from unnest(%(heads)s::bigint[], %(floors)s::bigint[]) with ordinality as head (turn, floor, place)
  join pgqueue.turns on turns.queue = %(queue)s and turns.rank = head.place - 1
