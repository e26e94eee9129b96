-- Whoever holds the horizon back: nothing dead can be removed while they last. Prepared transactions and slots do it, too.
select 'process ' || pid || coalesce(' of ' || nullif(application_name, ''), '') || ', ' || state as who,
       extract(epoch from clock_timestamp() - xact_start)::float8 as seconds
  from pg_stat_activity
 where xact_start < clock_timestamp() - interval '1 minute'
   and backend_type = 'client backend'
   and (backend_xid is not null or backend_xmin is not null or starts_with(state, 'idle in transaction'))
union all
select 'prepared transaction ' || gid, extract(epoch from clock_timestamp() - prepared)::float8
  from pg_prepared_xacts
union all
select 'replication slot ' || slot_name || ' that nobody reads', null
  from pg_replication_slots
 where not active
   and xmin is not null
 order by 2 desc nulls first
 limit 5
