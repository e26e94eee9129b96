-- Remove what is beyond its time, a bounded number at a time: ended jobs with all that hangs on them; of those that stay,
-- the details of results and all attempts but the last; events.
select pgqueue.prune(make_interval(days => %(keep_days)s), %(at_most)s) as jobs,
       pgqueue.prune_details(make_interval(days => %(keep_details_days)s), %(at_most)s) as details,
       pgqueue.prune_attempts(make_interval(days => %(keep_attempts_days)s), %(at_most)s) as attempts,
       pgqueue.prune_events(make_interval(days => %(keep_events_days)s), %(at_most)s) as events
