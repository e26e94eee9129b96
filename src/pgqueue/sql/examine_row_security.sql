-- As the users' role: the tables with an owner's column, and the owners' own, that would show it every row. None: the wall stands.
select coalesce(array_agg(distinct class.oid::regclass::text), '{}') as open_tables
  from pg_class as class
  join pg_namespace as namespace on namespace.oid = class.relnamespace
  join pg_attribute as attribute on attribute.attrelid = class.oid and not attribute.attisdropped
 where namespace.nspname in ('pgqueue', 'api', 'engine')
   and class.relkind in ('r', 'p')
   and (attribute.attname in ('user_id', 'job_id') or (namespace.nspname, class.relname) = ('api', 'users'))
   and not row_security_active(class.oid)
