-- The queue's counts since it was made. bucket: the seconds up to which, infinity beyond the last.
select measure, bucket, count, seconds
  from pgqueue.tallies
 where queue = %(queue)s
 order by measure, bucket
