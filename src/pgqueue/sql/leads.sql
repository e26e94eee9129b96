-- Whether this worker is the one that looks after the queue: the oldest of those alive. The next takes over by itself.
select %(worker_id)s = (select id
                          from pgqueue.workers
                         where queue = %(queue)s
                           and stopped_at is null
                           and lease_expires_at > clock_timestamp()
                         order by started_at, id
                         limit 1)
