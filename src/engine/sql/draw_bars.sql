-- The bars from start to end, exclusive, as at most so many buckets of as many bars in a row, the last of what is left.
-- A column an array, in order of time; then the bars read, those of a bucket, and the last one's time. NULLs: no bar.
with numbered as (
    select row_number() over (order by time) - 1 as n, count(*) over () as bars, time, open, high, low, close, volume
    from (
        select time, open, high, low, close, volume
        from engine.bars
        where symbol = %(symbol)s
          and timeframe = %(timeframe)s
          and time >= %(start)s
          and time < %(end)s
        order by time
        limit %(most)s
    ) stored
), stepped as (
    select *, (bars + %(limit)s - 1) / %(limit)s as step
    from numbered
), drawn as (
    select
        min(time) as time,
        max(open) filter (where n %% step = 0) as open,
        max(high) as high,
        min(low) as low,
        max(close) filter (where n %% step = step - 1 or n = bars - 1) as close,
        sum(volume) as volume,
        max(bars) as bars, max(step) as step, max(time) as last_time
    from stepped
    group by n / step
)
select
    array_agg(time order by time), array_agg(open order by time), array_agg(high order by time),
    array_agg(low order by time), array_agg(close order by time), array_agg(volume order by time),
    coalesce(max(bars), 0), coalesce(max(step), 1), max(last_time)
from drawn;
