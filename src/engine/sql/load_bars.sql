-- A series from look_back bars before start (fewer where there are fewer) to end, exclusive, as a binary stream.
copy (
    select time, open, high, low, close, volume
    from engine.bars
    where symbol = %(symbol)s
      and timeframe = %(timeframe)s
      and time < %(end)s
      and time >= coalesce(
          (
              select min(warm_up.time)
              from (
                  select time
                  from engine.bars
                  where symbol = %(symbol)s
                    and timeframe = %(timeframe)s
                    and time < %(start)s
                  order by time desc
                  limit %(look_back)s
              ) warm_up
          ),
          %(start)s
      )
    order by time
) to stdout (format binary)
