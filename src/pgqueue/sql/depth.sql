-- How deep a queue is, rank by rank: ready jobs counted to a limit, and the turns they lie between.
select turns.rank, ready.jobs, ready.first_turn, ready.last_turn
  from pgqueue.turns
 cross join lateral (
       select (select count(*) from (select
                                       from pgqueue.jobs
                                      where jobs.queue = turns.queue and jobs.rank = turns.rank and state = 'ready'
                                      limit %(count_limit)s) as counted)::int as jobs,
              (select turn from pgqueue.jobs
                where jobs.queue = turns.queue and jobs.rank = turns.rank and state = 'ready'
                order by turn limit 1) as first_turn,
              (select turn from pgqueue.jobs
                where jobs.queue = turns.queue and jobs.rank = turns.rank and state = 'ready'
                order by turn desc limit 1) as last_turn) as ready
 where turns.queue = %(queue)s
   and ready.jobs > 0
 order by turns.rank
