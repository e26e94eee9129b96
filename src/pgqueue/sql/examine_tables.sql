-- Tables whose dead rows outgrow the living, or that nobody vacuums, and when they were vacuumed.
select relname as name, n_live_tup as live, n_dead_tup as dead, greatest(last_vacuum, last_autovacuum) as vacuumed_at,
       coalesce((select option_value = 'false' or option_value = 'off'
                   from pg_class cross join pg_options_to_table(reloptions)
                  where pg_class.oid = relid and option_name = 'autovacuum_enabled'), false) as is_never_vacuumed
  from pg_stat_user_tables
 where schemaname = 'pgqueue'
   and (n_dead_tup > 50000 + n_live_tup / 2
        or exists (select from pg_class cross join pg_options_to_table(reloptions)
                    where pg_class.oid = relid and option_name = 'autovacuum_enabled' and option_value in ('false', 'off')))
 order by relname
