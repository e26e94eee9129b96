-- As draw_bars, of coarser bars made of the stored ones from fine_start to fine_end: stamped like those of
-- engine.resample, days and weeks with midnight UTC of the session's date, parts of a day counted from its beginning.
with fine as (
    select
        case %(coarse)s
            when '1w' then date_trunc('week', time at time zone %(zone)s) at time zone 'UTC'
            when '1d' then date_trunc('day', time at time zone %(zone)s) at time zone 'UTC'
            else date_bin(make_interval(secs => %(seconds)s), time, date_trunc('day', time, %(zone)s))
        end as stamp,
        time, open, high, low, close, volume
    from (
        select time, open, high, low, close, volume
        from engine.bars
        where symbol = %(symbol)s
          and timeframe = %(timeframe)s
          and time >= %(fine_start)s
          and time < %(fine_end)s
        order by time
        limit %(most)s
    ) stored
), coarse as (
    select
        stamp as time,
        (array_agg(open order by time))[1] as open,
        max(high) as high,
        min(low) as low,
        (array_agg(close order by time desc))[1] as close,
        sum(volume) as volume
    from fine
    where stamp >= %(start)s
      and stamp < %(end)s
    group by stamp
), numbered as (
    select row_number() over (order by time) - 1 as n, count(*) over () as bars, *
    from coarse
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
