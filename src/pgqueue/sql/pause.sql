-- Nothing of a paused queue is claimed; what runs, runs on.
update pgqueue.queues
   set paused = %(paused)s
 where name = %(queue)s
returning name
