-- The time of the bar that is look_back bars before start, or of the first one where there are fewer. NULL: none.
select min(time)
from (
    select time
    from engine.bars
    where symbol = %(symbol)s
      and timeframe = %(timeframe)s
      and time < %(start)s
    order by time desc
    limit %(look_back)s
) warm_up;
