-- Whether there are bars of the symbol in that timeframe.
select exists (select from engine.series where symbol = %(symbol)s and timeframe = %(timeframe)s)
