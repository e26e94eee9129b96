-- What the doctor asks of the server as a whole.
select current_setting('server_version_num')::int / 10000 as major,
       current_setting('server_version') as version,
       current_setting('fsync') as fsync,
       current_setting('synchronous_commit') as synchronous_commit,
       current_setting('autovacuum') as autovacuum,
       current_setting('max_connections')::int as max_connections,
       (select count(*) from pg_stat_activity where backend_type = 'client backend')::int as connections,
       pg_notification_queue_usage()::float8 as notification_queue,
       pg_is_in_recovery() as is_replica,
       (select rolsuper from pg_roles where rolname = current_user) as is_superuser,
       current_user::text as role,
       extract(epoch from clock_timestamp())::float8 as clock
