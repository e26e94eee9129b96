-- What the doctor asks of the server as a whole, of its own session, and of the role it comes as.
select current_setting('server_version_num')::int / 10000 as major,
       current_setting('server_version') as version,
       current_setting('fsync') as fsync,
       current_setting('full_page_writes') as full_page_writes,
       current_setting('synchronous_commit') as synchronous_commit,
       current_setting('synchronous_standby_names') as synchronous_standby_names,
       current_setting('autovacuum') as autovacuum,
       current_setting('statement_timeout') as statement_timeout,
       current_setting('idle_in_transaction_session_timeout') as idle_in_transaction_timeout,
       current_setting('max_connections')::int as max_connections,
       (select count(*) from pg_stat_activity where backend_type = 'client backend')::int as connections,
       (select count(*) from pg_stat_replication)::int as replicas,
       (select age(datfrozenxid) from pg_database where datname = current_database())::int as oldest_row_age,
       pg_notification_queue_usage()::float8 as notification_queue,
       pg_is_in_recovery() as is_replica,
       pg_backend_pid() <> %(backend_pid)s as is_pooled,
       rolsuper as is_superuser,
       rolbypassrls as bypasses_row_security,
       current_user::text as role,
       extract(epoch from clock_timestamp())::float8 as clock
  from pg_roles
 where rolname = current_user
