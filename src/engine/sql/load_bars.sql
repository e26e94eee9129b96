-- At most so many bars of a series from start to end, exclusive, in order of time, a column a value: a hundred thousand
-- rows cost a message each, six arrays do not. NULLs when there is no bar.
select array_agg(time), array_agg(open), array_agg(high), array_agg(low), array_agg(close), array_agg(volume)
from (
    select time, open, high, low, close, volume
    from engine.bars
    where symbol = %(symbol)s
      and timeframe = %(timeframe)s
      and time >= %(start)s
      and time < %(end)s
    order by time
    limit %(limit)s
) page;
