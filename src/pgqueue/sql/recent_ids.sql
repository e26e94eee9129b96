-- Of each user's newest jobs: the unfinished ones, and those that ended a moment ago. What a stream starts with.
select recent.id
  from unnest(%(user_ids)s::uuid[]) as watched (user_id)
 cross join lateral (
       select id, finished_at
         from pgqueue.jobs
        where jobs.user_id = watched.user_id
        order by id desc
        limit %(limit)s) as recent
 where recent.finished_at is null
    or recent.finished_at > clock_timestamp() - make_interval(secs => %(ended_within_seconds)s)
