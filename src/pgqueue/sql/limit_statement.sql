-- How long a statement of this transaction may take.
select set_config('statement_timeout', (1000 * %(seconds)s::float8)::int::text, true)
