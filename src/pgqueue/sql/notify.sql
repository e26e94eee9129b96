-- A hint, in a short transaction of its own: NOTIFY takes a cluster-wide lock until its commit is on disk.
select set_config('synchronous_commit', 'off', true), pg_notify(channel, payload)
  from unnest(%(channels)s::text[], %(payloads)s::text[]) as hint (channel, payload)
