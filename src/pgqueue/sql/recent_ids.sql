-- A user's unfinished jobs, and those that ended a moment ago: what a stream of all jobs starts with.
select id
  from pgqueue.jobs
 where user_id = %(user_id)s
   and (finished_at is null or finished_at > clock_timestamp() - make_interval(secs => %(ended_within_seconds)s))
 order by id desc
 limit %(limit)s
