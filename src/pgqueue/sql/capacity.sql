-- What a queue's work is done with: live slots, what they run, how long the latest runs of each kind took, and which users
-- have held jobs that will take the places of those that end. Every part is read to a limit.
with live as (
  select slots
    from pgqueue.workers
   where queue = %(queue)s
     and stopped_at is null
     and lease_expires_at > clock_timestamp()
     and not draining
)
select (select count(*) from live)::int as workers,
       (select coalesce(sum(slots), 0) from live)::int as slots,
       coalesce(queues.paused, false) as paused, queues.max_running, queues.starts, queues.per_seconds,
       (select coalesce(jsonb_object_agg(kind, seconds), '{}')
          from (select kind, avg(extract(epoch from finished_at - started_at))::float8 as seconds
                  from (select kind, state, started_at, finished_at
                          from pgqueue.jobs
                         where jobs.queue = asked.queue
                           and finished_at is not null
                         order by finished_at desc
                         limit 300) as latest
                 where state in ('completed', 'failed')
                   and started_at is not null
                 group by kind) as by_kind) as run_seconds,
       (select coalesce(jsonb_agg(jsonb_build_array(kind, elapsed, remaining, user_id)), '[]')
          from (select jobs.kind, jobs.user_id,
                       extract(epoch from clock_timestamp() - jobs.started_at)::float8 as elapsed,
                       case when progress.attempt = jobs.attempt
                            then progress.remaining_seconds
                                 - extract(epoch from clock_timestamp() - progress.updated_at)::float8 end as remaining
                  from pgqueue.jobs
                  left join pgqueue.progress on progress.job_id = jobs.id
                 where jobs.state = 'processing'
                   and jobs.queue = asked.queue
                 limit 1000) as runs) as running,
       (select coalesce(jsonb_agg(jsonb_build_array(part, rank, kind, jobs)), '[]')
          from (select floor(age / 10)::int as part, rank, kind, count(*) as jobs
                  from (select queue, rank, kind, extract(epoch from clock_timestamp() - created_at) as age
                          from pgqueue.jobs
                         order by id desc
                         limit 1000) as newest
                 where newest.queue = asked.queue
                   and age between 0 and 59.9
                 group by part, rank, kind) as by_part) as arrivals,
       (select coalesce(jsonb_agg(jsonb_build_array(user_id, slots, rank, kind, jobs, first_turn, last_turn)), '[]')
          from (select lanes.user_id, lanes.slots, held.rank, held.kind, count(*) as jobs, min(turn) as first_turn,
                       max(turn) as last_turn
                  from (select user_id, slots
                          from pgqueue.lanes
                         where lanes.queue = asked.queue
                           and parked > 0
                         order by parked desc
                         limit 100) as lanes
                 cross join lateral (
                       select rank, kind, turn
                         from pgqueue.jobs
                        where jobs.queue = asked.queue
                          and jobs.user_id = lanes.user_id
                          and limited
                          and state = 'held'
                        order by rank, turn, id
                        limit 200) as held
                 group by lanes.user_id, lanes.slots, held.rank, held.kind) as backlog) as backlogs
  from (select %(queue)s::text as queue) as asked
  left join pgqueue.queues on queues.name = asked.queue
