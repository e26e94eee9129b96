-- A series with its bars; %(timeframe)s null: all of the symbol's. How many bars and series went.
with gone as (
    delete from engine.series
    where symbol = %(symbol)s
      and (%(timeframe)s::text is null or timeframe = %(timeframe)s)
    returning symbol, timeframe
), bars as (
    delete from engine.bars b
    using gone g
    where b.symbol = g.symbol
      and b.timeframe = g.timeframe
    returning 1
)
select (select count(*) from bars) as bars, (select count(*) from gone) as series;
