-- Places in the owner's lane, turns and ids for many jobs of one user; or the refusal of all of them.
select *
  from pgqueue.reserve_batch(%(queue)s, %(user_id)s, %(tier)s, %(priority)s, %(count)s, %(is_delayed)s)
