-- ready -> processing, best rank first, then turn by turn. attempt only ever grows: it is the fence of every later write.
-- heads: of each rank the first turn to look at, see cursor.py. Their order is the ranks', so nothing is sorted and no
-- more is locked than is taken. The CTE is materialized because the planner may otherwise lock more rows than the limit;
-- the ids pass through an array because a plan made while the tables were empty would join by a full scan.
with picked as materialized (
  select job.id
    from unnest(%(heads)s::bigint[]) with ordinality as head (turn, place)
   cross join lateral (
         select id
           from pgqueue.jobs
          where queue = %(queue)s
            and rank = head.place - 1
            and state = 'ready'
            and turn >= head.turn
          order by turn, id
          limit %(limit)s
            for update skip locked) as job
   where not exists (select from pgqueue.queues
                      where name = %(queue)s
                        and (paused or (not %(reserved)s and (max_running is not null or starts is not null))))
     and exists (select from pgqueue.workers
                  where id = %(worker_id)s and stopped_at is null and lease_expires_at > clock_timestamp())
   order by head.place
   limit %(limit)s
),
claimed as (
  update pgqueue.jobs
     set state = 'processing',
         worker_id = %(worker_id)s,
         attempt = attempt + 1,
         seq = seq + 1,
         started_at = clock_timestamp(),
         updated_at = clock_timestamp()
   where id = any(array(select id from picked))
  returning id, attempt, kind, args, failures, rank, turn
),
tracked as (
  insert into pgqueue.progress (job_id, attempt)
  select id, attempt from claimed
  on conflict (job_id) do nothing
)
select id, attempt, kind, args::text, failures, rank, turn
  from claimed
 order by rank, turn, id
