-- Adds what is new, corrects what differs, leaves alone what is the same: a second import changes nothing.
with merged as (
    insert into engine.bars as b (symbol, timeframe, time, open, high, low, close, volume)
    select %(symbol)s, %(timeframe)s, time, open, high, low, close, volume
    from pg_temp.incoming_bars
    on conflict (symbol, timeframe, time) do update
    set open = excluded.open,
        high = excluded.high,
        low = excluded.low,
        close = excluded.close,
        volume = excluded.volume
    where (b.open, b.high, b.low, b.close, b.volume)
        is distinct from (excluded.open, excluded.high, excluded.low, excluded.close, excluded.volume)
    returning (b.xmax = 0) as added
)
select count(*) filter (where added) as added, count(*) filter (where not added) as corrected
from merged;
