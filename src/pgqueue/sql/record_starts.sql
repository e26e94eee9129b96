-- The newest starts of a queue whose starts are limited, as many as its limit.
update pgqueue.queues
   set recent_starts = (recent_starts || array_fill(clock_timestamp(), array[%(started)s::int]))
                       [greatest(1, cardinality(recent_starts) + %(started)s::int - starts + 1):]
 where name = %(queue)s
   and starts is not null
