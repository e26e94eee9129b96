-- waiting -> cancelled at once; processing -> asked to stop, its worker ends it. Any other state is left as it is.
select state, asked_before
  from pgqueue.try_cancel(%(job_id)s, %(user_id)s)
