-- What is claimed from a queue, in order, and what of one user's is admitted to that; each to a limit.
(select false as is_held, kind, rank, turn, id, user_id = %(user_id)s and limited as is_own
   from pgqueue.jobs
  where queue = %(queue)s
    and state = 'ready'
  order by rank, turn, id
  limit %(count_limit)s)
 union all
(select true, kind, rank, turn, id, true
   from pgqueue.jobs
  where limited
    and queue = %(queue)s
    and user_id = %(user_id)s
    and state = 'held'
  order by rank, turn, id
  limit %(count_limit)s)
