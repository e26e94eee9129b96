-- Makes the symbol, or keeps what is not given anew. The row's lock lets one import of a symbol run at a time.
insert into engine.symbols as y (symbol, name, timezone, round_the_clock)
values (
    %(symbol)s,
    coalesce(%(name)s::text, %(symbol)s),
    coalesce(%(timezone)s::text, 'UTC'),
    coalesce(%(round_the_clock)s::boolean, false)
)
on conflict (symbol) do update
set name = coalesce(%(name)s::text, y.name),
    timezone = coalesce(%(timezone)s::text, y.timezone),
    round_the_clock = coalesce(%(round_the_clock)s::boolean, y.round_the_clock);
