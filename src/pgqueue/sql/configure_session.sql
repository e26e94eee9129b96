-- Time limits, and what else holds for a session of ours. Behind a pooler nothing is set: the session is handed on to others, and the server's
-- process is then not the one that the connection was told of.
select set_config(name, setting, false)
  from unnest(%(names)s::text[], %(settings)s::text[]) as limits (name, setting)
 where pg_backend_pid() = %(backend_pid)s
