-- Tables whose dead rows outgrow the living, and when they were vacuumed.
select relname as name, n_live_tup as live, n_dead_tup as dead, greatest(last_vacuum, last_autovacuum) as vacuumed_at
  from pg_stat_user_tables
 where schemaname = 'pgqueue'
   and n_dead_tup > 50000 + n_live_tup / 2
