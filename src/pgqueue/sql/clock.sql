-- The time by the one clock that decides.
select extract(epoch from clock_timestamp())::float8
