-- What forget_user would do with a user's jobs.
select count(*) filter (where state in ('scheduled', 'held', 'ready')) as cancelled,
       count(*) filter (where state <> 'processing') as removed,
       count(*) filter (where state = 'processing') as running
  from pgqueue.jobs
 where user_id = %(user_id)s
