-- What a queue allows; null is no limit. Each is set only where it was given.
with acting as materialized (
  select set_config('pgqueue.actor', %(actor)s::text, true)
)
update pgqueue.queues
   set max_waiting = case when %(set_max_waiting)s then %(max_waiting)s::int else max_waiting end,
       max_running = case when %(set_max_running)s then %(max_running)s::int else max_running end,
       starts = case when %(set_starts)s then %(starts)s::int else starts end,
       per_seconds = case when %(set_starts)s then %(per_seconds)s::real else per_seconds end,
       recent_starts = case when %(set_starts)s then '{}' else recent_starts end
  from acting
 where name = %(queue)s
returning paused, max_waiting, max_running, starts, per_seconds
