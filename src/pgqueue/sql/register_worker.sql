-- A worker announces itself and takes its lease: one lease for all the jobs it will run.
insert into pgqueue.workers (id, host, pid, slots, queue, version, lease_expires_at)
values (%(worker_id)s, %(host)s, %(pid)s, %(slots)s, %(queue)s, %(version)s,
        clock_timestamp() + make_interval(secs => %(lease_seconds)s))
