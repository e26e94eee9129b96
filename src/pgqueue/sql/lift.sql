-- Jobs that have waited too long go above all ranks, oldest first.
select pgqueue.lift(%(queue)s, %(max_wait_seconds)s)
