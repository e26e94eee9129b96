-- One import or deletion of a symbol at a time.
select 1
from engine.symbols
where symbol = %(symbol)s
for update;
