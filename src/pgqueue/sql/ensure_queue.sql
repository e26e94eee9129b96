-- A queue exists once it has its row and one line of turns per rank; claims walk the turns in rank order.
with made as (
  insert into pgqueue.queues (name)
  values (%(queue)s)
  on conflict (name) do nothing
)
insert into pgqueue.turns (queue, rank)
select %(queue)s, rank
  from generate_series(0, 30) as rank
on conflict (queue, rank) do nothing
