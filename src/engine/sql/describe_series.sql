-- What the series now holds. The version grows when a bar changed.
insert into engine.series as s
    (symbol, timeframe, first_time, last_time, bars, adjusted, close_only, source)
select
    %(symbol)s, %(timeframe)s, min(time), max(time), count(*), %(adjusted)s,
    bool_and(open = close and high = close and low = close), %(source)s
from engine.bars
where symbol = %(symbol)s
  and timeframe = %(timeframe)s
on conflict (symbol, timeframe) do update
set first_time = excluded.first_time,
    last_time = excluded.last_time,
    bars = excluded.bars,
    adjusted = excluded.adjusted,
    close_only = excluded.close_only,
    source = excluded.source,
    version = s.version + %(changed)s::boolean::int,
    updated_at = case when %(changed)s::boolean then clock_timestamp() else s.updated_at end
returning version;
