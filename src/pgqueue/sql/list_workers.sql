-- Workers that hold a lease now.
select id, host, pid, queue, slots, version, started_at, beat_at, draining, memory_bytes,
       (select count(*) from pgqueue.jobs where jobs.worker_id = workers.id and jobs.state = 'processing') as running
  from pgqueue.workers
 where stopped_at is null
   and lease_expires_at > clock_timestamp()
 order by started_at
