-- A symbol that has no series left.
delete from engine.symbols y
where y.symbol = %(symbol)s
  and not exists (select from engine.series s where s.symbol = y.symbol);
