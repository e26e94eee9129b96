-- The symbol that somebody means, however it was typed; no row: there are no prices of it.
select symbol
  from engine.symbols
 where symbol = any(array[%(text)s::text, upper(%(text)s::text)])
 order by symbol = %(text)s::text desc
 limit 1
