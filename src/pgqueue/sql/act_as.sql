-- Whom the history names for what this transaction changes.
select set_config('pgqueue.actor', %(actor)s::text, true)
