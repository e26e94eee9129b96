-- Which queues there are: enough to tell a new name from a misspelt one.
select name
  from pgqueue.queues
 order by name
 limit 10000
