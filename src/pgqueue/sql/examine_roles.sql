-- What the doctor asks of roles: rights that the role it comes as lacks for a worker's work, and roles that nobody made
-- or granted anything yet.
select array(select privilege || ' on ' || name
               from (values ('select', 'jobs'), ('insert', 'jobs'), ('update', 'jobs'), ('delete', 'jobs'),
                            ('insert', 'results'), ('insert', 'attempts'), ('update', 'progress'), ('update', 'lanes'),
                            ('update', 'workers')) as needed (privilege, name)
              where not has_table_privilege('pgqueue.' || name, privilege)) as missing,
       array(select role
               from unnest(%(roles)s::text[]) as role
              where not coalesce((select has_table_privilege(oid, 'pgqueue.queue_overview', 'select')
                                    from pg_roles where rolname = role), false)) as ungranted
