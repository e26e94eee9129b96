-- Nothing of a paused queue is claimed; what runs, runs on.
with acting as materialized (
  select set_config('pgqueue.actor', %(actor)s::text, true)
)
update pgqueue.queues
   set paused = %(paused)s
  from acting
 where name = %(queue)s
returning name
