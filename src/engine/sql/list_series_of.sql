-- The series of one symbol, whatever their timeframes.
select
    s.symbol, y.name, y.timezone, y.round_the_clock, s.timeframe, s.first_time, s.last_time, s.bars, s.version,
    s.adjusted, s.close_only, s.source
from engine.series s
join engine.symbols y on y.symbol = s.symbol
where s.symbol = %(symbol)s
order by s.timeframe;
