-- Forget a strategy, if it is at a revision its owner had seen. Jobs keep the snapshots they carry.
delete from api.strategies
 where id = %(strategy_id)s
   and user_id = %(user_id)s
   and (%(revisions)s::integer[] is null or revision = any(%(revisions)s))
returning id
