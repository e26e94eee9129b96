-- Running jobs whose worker is not alive, for a rescue of one at a time.
select id
  from pgqueue.jobs
 where state = 'processing'
   and worker_id not in (
       select id from pgqueue.workers where stopped_at is null and lease_expires_at > clock_timestamp())
 limit 1000
