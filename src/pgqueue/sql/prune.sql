-- Remove ended jobs beyond their time, with all that hangs on them, a bounded number at a time.
select pgqueue.prune(make_interval(days => %(keep_days)s), %(at_most)s)
