-- Claims from a capped queue go one after the other, until the one before has committed.
select name
  from pgqueue.queues
 where name = %(queue)s
   for update
