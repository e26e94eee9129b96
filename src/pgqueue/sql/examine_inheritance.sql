-- Whether the connecting role has the users' role's limits even when it acts as itself.
select pg_has_role(%(role)s, 'usage') and row_security_active('pgqueue.jobs')
