-- Whether there are bars of the symbol in that timeframe, or finer ones that it can be made of.
select exists (
    select
    from engine.series
    where symbol = %(symbol)s
      and timeframe = any(%(timeframes)s::text[])
)
