-- Failed jobs, oldest first: what `requeue --failed` runs again. A job that was requeued already is left out.
select id
  from pgqueue.jobs as job
 where state = 'failed'
   and queue = %(queue)s
   and finished_at is not null
   and (%(since)s::timestamptz is null or finished_at >= %(since)s)
   and not exists (select from pgqueue.jobs as again where again.requeued_from = job.id)
 order by finished_at
 limit %(limit)s
